"""Claiming: which jobs a worker gets, under a lease and a token; see ``storage.queue`` for the whole."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, select, update

from storage.databases import database_now
from storage.jobs import IS_FRESH, IS_RETRIED
from storage.ledger import Ledger
from storage.promotions import Part, current
from storage.tables import job
from storage.values import Claim, JobKind, JobState

WORKER_DIED = "worker died"
"""Error of a job whose leases ended one after the other without a word from its workers."""


@dataclass(frozen=True, slots=True, eq=False)
class _Queue:
    """Jobs among which is claimed."""

    kind: JobKind
    destination: str
    serves: str | None = None


def claim(
    ledger: Ledger, kind: JobKind, destination: str, limit: int, *, lease: timedelta, owner: str
) -> list[Claim]:
    """Claim up to ``limit`` fresh jobs, or one that was tried before; an empty list when none is due.

    The more urgent of the two goes first; at equal priority they take turns, so that neither starves. Jobs
    that have used up their attempts are buried on the way. COMMIT jobs that were tried before are claimed
    together too: what no report names is asked for again in one transaction, and harms nobody.

    Parameters
    ----------
    destination
        Empty for ANALYSE.
    lease
        How long the claims hold unless they are extended.
    owner
        Who claims, for example ``host:slot``; see ``release_owned``.

    Returns
    -------
    list of Claim
        The most urgent first. They share one token, which is also a valid UID (PS3.5 B.2).
    """
    return _claim(ledger, _Queue(kind, destination), limit, lease, owner)


def claim_films(ledger: Ledger, limit: int, serves: str, *, lease: timedelta, owner: str) -> list[Claim]:
    """Claim ANALYSE jobs as `claim` does, for a bundle that may not be the active one just now.

    Parameters
    ----------
    serves
        Digest of the bundle that judges what is claimed. While another one is active, films that are asked
        for again are left alone: they are meant for that one.
    """
    return _claim(ledger, _Queue(JobKind.ANALYSE, "", serves), limit, lease, owner)


def _claim(ledger: Ledger, queue: _Queue, limit: int, lease: timedelta, owner: str) -> list[Claim]:
    turns = _turns(ledger, queue)
    if not turns:
        return []
    with ledger.begin() as connection:
        now = database_now(connection)
        _bury_exhausted(connection, queue, now)
        for is_retried in turns:
            due = _due(IS_RETRIED if is_retried else IS_FRESH, queue, now)
            most = 1 if is_retried and queue.kind is not JobKind.COMMIT else limit
            locked = connection.scalars(due.limit(most).with_for_update(skip_locked=True)).all()
            picked = _meant_for(connection, queue, locked)
            if picked:
                ledger.had_retried[queue.kind, queue.destination] = is_retried
                return _lease(connection, picked, now + lease, owner)
    return []


def _meant_for(connection: Connection, queue: _Queue, locked: Sequence[int]) -> Sequence[int]:
    """Leave out films that were asked for again for another bundle than the one that serves.

    Asked after the jobs were found: who sees that a film is asked for sees for which bundle, too.
    """
    if not locked or queue.serves is None:
        return locked
    active = current(connection, Part.ACTIVE)
    if active is None or active.digest == queue.serves:
        return locked
    mine = select(job.c.job_id).where(job.c.job_id.in_(locked), job.c.generation == 0)
    of_new_films = set(connection.scalars(mine))
    return [job_id for job_id in locked if job_id in of_new_films]


def _turns(ledger: Ledger, queue: _Queue) -> list[bool]:
    """Tell in which order to try retried (True) and fresh (False) jobs, as far as any are due."""
    with ledger.read() as connection:
        now = database_now(connection)
        urgency = {
            is_retried: connection.scalar(_due(which, queue, now, column=job.c.priority).limit(1))
            for is_retried, which in ((False, IS_FRESH), (True, IS_RETRIED))
        }
    last = ledger.had_retried.get((queue.kind, queue.destination), True)
    due = {is_retried: priority for is_retried, priority in urgency.items() if priority is not None}
    return sorted(due, key=lambda is_retried: (-due[is_retried], is_retried == last))


def _due(
    which: ColumnElement[bool],
    queue: _Queue,
    now: datetime,
    *,
    column: ColumnElement[int] = job.c.job_id,
) -> Select[int]:
    mine = and_(job.c.kind == queue.kind, job.c.destination == queue.destination)
    return (
        select(column).where(mine, which, job.c.run_at <= now).order_by(job.c.priority.desc(), job.c.job_id)
    )


def _bury_exhausted(connection: Connection, queue: _Queue, now: datetime) -> None:
    due = _due(IS_RETRIED, queue, now)
    exhausted = connection.scalars(
        due.where(job.c.attempts >= job.c.max_attempts).with_for_update(skip_locked=True)
    ).all()
    if exhausted:
        error = case((job.c.error == "", WORKER_DIED), else_=job.c.error)
        dead = {"state": JobState.DEAD, "token": None, "error": error, "finished_at": now}
        connection.execute(update(job).where(job.c.job_id.in_(exhausted)).values(dead))


def _lease(connection: Connection, picked: Sequence[int], until: datetime, owner: str) -> list[Claim]:
    token = f"2.25.{uuid.uuid4().int}"
    leased = (
        update(job)
        .where(job.c.job_id.in_(picked))
        .values(run_at=until, attempts=job.c.attempts + 1, token=token, owner=owner)
        .returning(*job.c)
    )
    rows = {row.job_id: row for row in connection.execute(leased)}
    return [_to_claim(rows[job_id]) for job_id in picked]


def _to_claim(row: Row[*tuple[Any, ...]]) -> Claim:
    return Claim(
        job_id=row.job_id,
        kind=JobKind(row.kind),
        key=row.key,
        destination=row.destination,
        instance_id=row.instance_id,
        attempt=row.attempts,
        max_attempts=row.max_attempts,
        token=row.token,
        lease_expires_at=row.run_at,
    )
