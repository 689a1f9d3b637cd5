"""The workers' queue: jobs are claimed under a lease, and the claim's token fences every later write.

A lease is ``run_at`` in the future plus a token. There is no running state and no reaper: a job whose lease
ended is claimable again by itself. ::

    READY, run_at <= now                waits to be claimed
    READY, run_at > now, token          under a lease
    READY, run_at > now, no token       backs off
    DONE, UNCOMMITTED, DEAD, CANCELLED  ended

Attempts are counted when a job is claimed, so that a job that kills its worker is not tried for ever; and a
job that was tried before is claimed alone, so that it cannot take others with it. What operators do with jobs
is in ``storage.jobs``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, update

from storage.claiming import WORKER_DIED, claim, claim_films
from storage.databases import database_now, insert_new
from storage.errors import LeaseLost
from storage.jobs import (
    IS_READY,
    IS_RETRIED,
    NO_LEASE,
    cancel_job,
    counts,
    get_job,
    hurry_jobs,
    list_jobs,
    retry_dead_jobs,
    retry_job,
    to_error,
)
from storage.ledger import Ledger
from storage.tables import job
from storage.values import Claim, JobKind, JobState, NewJob

__all__ = [
    "WORKER_DIED",
    "bury",
    "cancel_job",
    "claim",
    "claim_films",
    "complete",
    "counts",
    "enqueue",
    "extend",
    "get_job",
    "hurry_jobs",
    "list_jobs",
    "postpone",
    "release",
    "release_owned",
    "retry_dead_jobs",
    "retry_job",
    "retry_later",
    "settle",
]


def enqueue(connection: Connection, jobs: Iterable[NewJob]) -> int:
    """Put jobs in the queue; give the number of those that were not there before.

    A job that was queued ever before is left alone, whatever became of it. Only a COMMIT job that has ended
    starts anew, because each delivery of an object asks for its own commitment.
    """
    now = database_now(connection)
    rows = [_new_row(new_job, now) for new_job in jobs]
    if not rows:
        return 0
    inserted = connection.execute(insert_new(connection, job, job.c.job_id), rows).all()
    return len(inserted) + sum(
        _reopen_commit_job(connection, row) for row in rows if row["kind"] == JobKind.COMMIT
    )


def extend(ledger: Ledger, claims: Sequence[Claim], lease: timedelta) -> int:
    """Let the claims hold for ``lease`` from now on; give the number of those that still held."""
    with ledger.begin() as connection:
        until = database_now(connection) + lease
        return connection.execute(update(job).where(_held(claims)).values(run_at=until)).rowcount


def release(ledger: Ledger, claims: Sequence[Claim]) -> int:
    """Hand claims back untried: due at once, and the attempt is not counted."""
    with ledger.begin() as connection:
        handed_back = {"run_at": database_now(connection), "attempts": job.c.attempts - 1, **NO_LEASE}
        return connection.execute(update(job).where(_held(claims)).values(handed_back)).rowcount


def release_owned(ledger: Ledger, owner: str) -> int:
    """End the leases that an earlier life of ``owner`` left behind; their attempts stay counted."""
    with ledger.begin() as connection:
        orphaned = and_(IS_RETRIED, job.c.owner == owner, job.c.token.is_not(None))
        values = {"run_at": database_now(connection), **NO_LEASE}
        return connection.execute(update(job).where(orphaned).values(values)).rowcount


def settle(connection: Connection, held: Claim, note: str) -> None:
    """End a COMMIT job whose object is stored at a destination that offers no Storage Commitment.

    Raises
    ------
    LeaseLost
        If the claim no longer holds.
    """
    finished_at = database_now(connection)
    note = to_error(note)
    _change(connection, held, state=JobState.UNCOMMITTED, finished_at=finished_at, token=None, error=note)


def complete(connection: Connection, held: Claim) -> None:
    """End a job as done.

    Raises
    ------
    LeaseLost
        If the claim no longer holds; roll the transaction back and drop the work.
    """
    _change(connection, held, state=JobState.DONE, finished_at=database_now(connection), token=None, error="")


def retry_later(connection: Connection, held: Claim, error: str, delay: timedelta) -> JobState:
    """Put a job back until ``delay`` has passed, or end it as dead when its attempts are used up.

    Raises
    ------
    LeaseLost
        If the claim no longer holds.
    """
    if held.attempt >= held.max_attempts:
        bury(connection, held, error)
        return JobState.DEAD
    _change(connection, held, run_at=database_now(connection) + delay, error=to_error(error), **NO_LEASE)
    return JobState.READY


def bury(connection: Connection, held: Claim, error: str) -> None:
    """End a job as dead: an operator may try it again.

    Raises
    ------
    LeaseLost
        If the claim no longer holds.
    """
    finished_at = database_now(connection)
    _change(connection, held, state=JobState.DEAD, finished_at=finished_at, token=None, error=to_error(error))


def postpone(
    connection: Connection, held: Claim, delay: timedelta, *, keep_token: bool = True, error: str = ""
) -> None:
    """Let a job rest for ``delay``.

    Parameters
    ----------
    keep_token
        True: the claim goes on to hold, without an owner, for an answer that another process may receive;
        when the time has passed without it the job is due again. False: the claim ends and its attempt is not
        counted.
    error
        What to say of the job if nothing happens until then.

    Raises
    ------
    LeaseLost
        If the claim no longer holds.
    """
    run_at = database_now(connection) + delay
    if keep_token:
        _change(connection, held, run_at=run_at, owner="", error=to_error(error))
    else:
        attempts = job.c.attempts - 1
        _change(connection, held, run_at=run_at, attempts=attempts, error=to_error(error), **NO_LEASE)


def _new_row(new_job: NewJob, now: datetime) -> dict[str, object]:
    return {
        "kind": new_job.kind,
        "destination": new_job.destination,
        "key": new_job.key,
        "instance_id": new_job.instance_id,
        "state": JobState.READY,
        "priority": new_job.priority,
        "attempts": 0,
        "max_attempts": new_job.max_attempts,
        "run_at": now + new_job.delay,
        "owner": "",
        "error": "",
        "enqueued_at": now,
    }


def _reopen_commit_job(connection: Connection, row: dict[str, object]) -> int:
    ended = and_(
        *(job.c[name] == row[name] for name in ("kind", "destination", "key")), job.c.state != JobState.READY
    )
    reopened = {name: row[name] for name in ("instance_id", "state", "attempts", "run_at", "owner", "error")}
    return connection.execute(
        update(job).where(ended).values(**reopened, token=None, finished_at=None)
    ).rowcount


def _held(claims: Sequence[Claim]) -> ColumnElement[bool]:
    job_ids = [each.job_id for each in claims]
    return and_(IS_READY, job.c.job_id.in_(job_ids), job.c.token.in_({each.token for each in claims}))


def _change(connection: Connection, held: Claim, **values: object) -> None:
    if not connection.execute(update(job).where(_held([held])).values(values)).rowcount:
        message = f"Job {held.job_id} is no longer held by this claim; its work is dropped."
        raise LeaseLost(message)
