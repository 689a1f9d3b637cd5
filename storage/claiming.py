"""Claiming: which jobs a worker gets, under a lease and a token; see ``storage.queue`` for the whole."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, select, update

from storage.databases import database_now
from storage.jobs import IS_FRESH, IS_RETRIED
from storage.ledger import Ledger
from storage.tables import job
from storage.values import Claim, JobKind, JobState

WORKER_DIED = "worker died"
"""Error of a job whose leases ended one after the other without a word from its workers."""


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
    turns = _turns(ledger, kind, destination)
    if not turns:
        return []
    with ledger.begin() as connection:
        now = database_now(connection)
        _bury_exhausted(connection, kind, destination, now)
        for is_retried in turns:
            due = _due(IS_RETRIED if is_retried else IS_FRESH, kind, destination, now)
            most = 1 if is_retried and kind is not JobKind.COMMIT else limit
            picked = connection.scalars(due.limit(most).with_for_update(skip_locked=True)).all()
            if picked:
                ledger.had_retried[kind, destination] = is_retried
                return _lease(connection, picked, now + lease, owner)
    return []


def _turns(ledger: Ledger, kind: JobKind, destination: str) -> list[bool]:
    """Tell in which order to try retried (True) and fresh (False) jobs, as far as any are due."""
    with ledger.read() as connection:
        now = database_now(connection)
        urgency = {
            is_retried: connection.scalar(_due(which, kind, destination, now, column=job.c.priority).limit(1))
            for is_retried, which in ((False, IS_FRESH), (True, IS_RETRIED))
        }
    last = ledger.had_retried.get((kind, destination), True)
    due = {is_retried: priority for is_retried, priority in urgency.items() if priority is not None}
    return sorted(due, key=lambda is_retried: (-due[is_retried], is_retried == last))


def _due(
    which: ColumnElement[bool],
    kind: JobKind,
    destination: str,
    now: datetime,
    *,
    column: ColumnElement[int] = job.c.job_id,
) -> Select[int]:
    queue = and_(job.c.kind == kind, job.c.destination == destination)
    return (
        select(column).where(queue, which, job.c.run_at <= now).order_by(job.c.priority.desc(), job.c.job_id)
    )


def _bury_exhausted(connection: Connection, kind: JobKind, destination: str, now: datetime) -> None:
    due = _due(IS_RETRIED, kind, destination, now)
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
