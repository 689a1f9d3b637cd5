"""What an operator sees of the queue and may do with it: list, show, retry, cancel, count."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    func,
    literal_column,
    select,
    union_all,
    update,
)

from storage.databases import database_now
from storage.errors import JobNotChangeable, NotInLedger
from storage.tables import job
from storage.values import Job, JobKind, JobState, QueueCount

AGAIN = -20
"""Priority of films that are asked for again: behind all others."""

LONGEST_ERROR = 2000
"""Characters kept of an error."""

# Written out, not as parameters: only then do the databases use the partial indices.
IS_READY: ColumnElement[bool] = job.c.state == literal_column("'ready'")
IS_FRESH: ColumnElement[bool] = and_(IS_READY, job.c.attempts == literal_column("0"))
IS_RETRIED: ColumnElement[bool] = and_(IS_READY, job.c.attempts > literal_column("0"))
_HAS_ENDED: ColumnElement[bool] = job.c.state != literal_column("'ready'")

NO_LEASE: Mapping[str, object] = {"token": None, "owner": ""}
"""Column values of a job that nobody holds."""


def list_jobs(
    connection: Connection,
    *,
    state: JobState | None = None,
    kind: JobKind | None = None,
    destination: str | None = None,
    instance_id: int | None = None,
    limit: int = 100,
) -> list[Job]:
    """Give the jobs that match all that is given, the newest first."""
    wanted = {"state": state, "kind": kind, "destination": destination, "instance_id": instance_id}
    conditions = [job.c[name] == value for name, value in wanted.items() if value is not None]
    if state is JobState.READY:
        open_jobs = union_all(*(select(job.c.job_id).where(which) for which in (IS_FRESH, IS_RETRIED)))
        conditions.append(job.c.job_id.in_(open_jobs))
    elif state in (JobState.DEAD, JobState.CANCELLED):
        # These are few and have an index; the newest of the many that are done are found without.
        conditions.append(_HAS_ENDED)
    now = database_now(connection)
    rows = connection.execute(select(job).where(*conditions).order_by(job.c.job_id.desc()).limit(limit))
    return [_to_job(row, now) for row in rows]


def get_job(connection: Connection, job_id: int) -> Job:
    """Give one job.

    Raises
    ------
    NotInLedger
        If there is none with this number.
    """
    row = connection.execute(select(job).where(job.c.job_id == job_id)).one_or_none()
    if row is None:
        message = f"There is no job {job_id}; 'neolung jobs list' shows the jobs."
        raise NotInLedger(message)
    return _to_job(row, database_now(connection))


def retry_job(connection: Connection, job_id: int, *, again: bool = False) -> Job:
    """Make a job due now, with all its attempts before it; a commitment is asked for anew.

    Parameters
    ----------
    again
        Whether a job that is done shall run once more.

    Raises
    ------
    NotInLedger
        If there is no such job.
    JobNotChangeable
        If a worker holds it now, or it is done.
    """
    now = database_now(connection)
    is_free = ~_is_held(now)
    may_run = is_free if again else and_(is_free, job.c.state != JobState.DONE)
    if not _update(connection, job_id, may_run, _due_again(now)):
        found = get_job(connection, job_id)
        advice = (
            f"'neolung jobs retry {job_id} --again' runs it once more"
            if found.state is JobState.DONE
            else "wait until it ends, or cancel it"
        )
        raise JobNotChangeable(f"Job {job_id} is {found.standing} and was not retried; {advice}.")
    return get_job(connection, job_id)


def retry_dead_jobs(
    connection: Connection, *, kind: JobKind | None = None, destination: str | None = None
) -> list[Job]:
    """Make every dead job due now, of one kind or destination if given; give them, the oldest first."""
    wanted = {"state": JobState.DEAD, "kind": kind, "destination": destination}
    conditions = [job.c[name] == value for name, value in wanted.items() if value is not None]
    now = database_now(connection)
    again = update(job).where(_HAS_ENDED, *conditions).values(_due_again(now)).returning(*job.c)
    return sorted((_to_job(row, now) for row in connection.execute(again)), key=lambda each: each.job_id)


def hurry_jobs(connection: Connection, destination: str) -> int:
    """Make the jobs due now that wait for a destination after a failure; give their number."""
    now = database_now(connection)
    waits = and_(IS_READY, job.c.destination == destination, job.c.run_at > now, ~_is_held(now))
    return connection.execute(update(job).where(waits).values(run_at=now, **NO_LEASE)).rowcount


def cancel_job(connection: Connection, job_id: int) -> Job:
    """End a job that must not run any more; a worker that holds it loses its lease.

    Raises
    ------
    NotInLedger
        If there is no such job.
    JobNotChangeable
        If it has ended already; only a dead letter can still be cancelled.
    """
    values = {"state": JobState.CANCELLED, "finished_at": database_now(connection), **NO_LEASE}
    has_not_ended = job.c.state.in_((JobState.READY, JobState.DEAD))
    is_changed = _update(connection, job_id, has_not_ended, values)
    found = get_job(connection, job_id)
    if not is_changed:
        raise JobNotChangeable(f"Job {job_id} is {found.standing}; there is nothing left to cancel.")
    return found


def counts(connection: Connection) -> list[QueueCount]:
    """Count the jobs by kind, destination and state; what has no jobs is left out."""
    now = database_now(connection)
    of = (job.c.kind, job.c.destination, job.c.state)
    ended = connection.execute(select(*of, func.count().label("jobs")).where(_HAS_ENDED).group_by(*of))
    found = [_to_count(row) for row in ended]
    found += [_to_count(row, row.running, row.oldest, now) for row in connection.execute(_open_jobs(now))]
    return sorted(found, key=lambda count: (count.kind, count.destination, count.state))


def count_new_films(connection: Connection) -> int:
    """Count the films whose analysis is still to come; those that are asked for again do not count.

    They wait behind all others, so nobody needs to hold back for them.
    """
    films = (job.c.kind == JobKind.ANALYSE, job.c.destination == "", job.c.priority > AGAIN)
    return sum(
        connection.scalar(select(func.count()).select_from(job).where(which, *films)) or 0
        for which in (IS_FRESH, IS_RETRIED)
    )


def has_due(connection: Connection, kind: JobKind) -> bool:
    """Whether a job of a kind, of whatever destination, could be claimed now."""
    now = database_now(connection)
    due = (job.c.kind == kind, job.c.run_at <= now)
    return any(
        connection.scalar(select(job.c.job_id).where(which, *due).limit(1)) is not None
        for which in (IS_FRESH, IS_RETRIED)
    )


def to_error(error: str) -> str:
    """Make an error text that both databases take."""
    return error.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:LONGEST_ERROR]


def _update(
    connection: Connection, job_id: int, condition: ColumnElement[bool], values: Mapping[str, object]
) -> bool:
    """Change a job if the condition holds; tell whether it did."""
    changed = connection.execute(update(job).where(job.c.job_id == job_id, condition).values(values))
    return bool(changed.rowcount)


def _due_again(now: datetime) -> dict[str, object]:
    return {"state": JobState.READY, "attempts": 0, "run_at": now, "finished_at": None, **NO_LEASE}


def _is_running(now: datetime) -> ColumnElement[bool]:
    return and_(job.c.state == JobState.READY, job.c.token.is_not(None), job.c.run_at > now)


def _is_held(now: datetime) -> ColumnElement[bool]:
    """Tell whether a worker has it; a job that only awaits a report has no owner."""
    return and_(_is_running(now), job.c.owner != "")


def _open_jobs(now: datetime) -> Select[*tuple[Any, ...]]:
    """Count all and the running jobs, and date the oldest waiting one, of each queue."""
    queue = (job.c.kind, job.c.destination, job.c.state)
    is_running = _is_running(now)
    each = union_all(
        *(
            select(
                *queue,
                case((is_running, 1), else_=0).label("running"),
                case((is_running, None), else_=job.c.enqueued_at).label("waiting_since"),
            ).where(which)
            for which in (IS_FRESH, IS_RETRIED)
        )
    ).subquery()
    of = (each.c.kind, each.c.destination, each.c.state)
    running = func.sum(each.c.running).label("running")
    oldest = func.min(each.c.waiting_since).label("oldest")
    return select(*of, func.count().label("jobs"), running, oldest).group_by(*of)


def _to_count(
    row: Row[*tuple[Any, ...]], running: int = 0, oldest: datetime | None = None, now: datetime | None = None
) -> QueueCount:
    return QueueCount(
        kind=JobKind(row.kind),
        destination=row.destination,
        state=JobState(row.state),
        jobs=row.jobs,
        running=running,
        oldest_waiting=None if now is None or oldest is None else now - oldest,
    )


def _to_job(row: Row[Any], now: datetime) -> Job:
    state = JobState(row.state)
    return Job(
        job_id=row.job_id,
        kind=JobKind(row.kind),
        key=row.key,
        destination=row.destination,
        instance_id=row.instance_id,
        state=state,
        running=state is JobState.READY and row.token is not None and row.run_at > now,
        priority=row.priority,
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        run_at=row.run_at,
        owner=row.owner,
        error=row.error,
        enqueued_at=row.enqueued_at,
        finished_at=row.finished_at,
    )
