"""What an operator sees of the queue and may do with it: list, show, retry, cancel, count."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, func, select, update

from storage.databases import database_now
from storage.errors import JobNotChangeable, NotInLedger
from storage.tables import job
from storage.values import Job, JobKind, JobState, QueueCount

LONGEST_ERROR = 2000
"""Characters kept of an error."""

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


def retry_job(connection: Connection, job_id: int) -> Job:
    """Make a job due now, with all its attempts before it; a job that is done runs again.

    Raises
    ------
    NotInLedger
        If there is no such job.
    JobNotChangeable
        If a worker holds it now.
    """
    now = database_now(connection)
    _update(connection, job_id, ~_is_running(now), _due_again(now))
    return get_job(connection, job_id)


def retry_dead_jobs(
    connection: Connection, *, kind: JobKind | None = None, destination: str | None = None
) -> int:
    """Make every dead job due now, of one kind or destination if given; give their number."""
    wanted = {"state": JobState.DEAD, "kind": kind, "destination": destination}
    conditions = [job.c[name] == value for name, value in wanted.items() if value is not None]
    values = _due_again(database_now(connection))
    return connection.execute(update(job).where(*conditions).values(values)).rowcount


def cancel_job(connection: Connection, job_id: int) -> Job:
    """End a job that must not run any more; a worker that holds it loses its lease.

    Raises
    ------
    NotInLedger
        If there is no such job.
    JobNotChangeable
        If it is done.
    """
    values = {"state": JobState.CANCELLED, "finished_at": database_now(connection), **NO_LEASE}
    _update(connection, job_id, job.c.state != JobState.DONE, values)
    return get_job(connection, job_id)


def counts(connection: Connection) -> list[QueueCount]:
    """Count the jobs by kind, destination and state; what has no jobs is left out."""
    now = database_now(connection)
    of = (job.c.kind, job.c.destination, job.c.state)
    grouped = connection.execute(select(*of, func.count().label("jobs")).group_by(*of).order_by(*of)).all()
    ready = {
        (kind, destination): (running, oldest)
        for kind, destination, running, oldest in connection.execute(_ready_jobs(now))
    }
    return [_to_count(row, *ready.get((row.kind, row.destination), (0, None)), now=now) for row in grouped]


def to_error(error: str) -> str:
    """Make an error text that both databases take."""
    return error.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:LONGEST_ERROR]


def _update(
    connection: Connection, job_id: int, condition: ColumnElement[bool], values: Mapping[str, object]
) -> None:
    changed = connection.execute(update(job).where(job.c.job_id == job_id, condition).values(values))
    if not changed.rowcount:
        found = get_job(connection, job_id)
        state = "running" if found.running else found.state
        message = f"Job {job_id} is {state}; that cannot be changed."
        raise JobNotChangeable(message)


def _due_again(now: datetime) -> dict[str, object]:
    return {"state": JobState.READY, "attempts": 0, "run_at": now, "finished_at": None, **NO_LEASE}


def _is_running(now: datetime) -> ColumnElement[bool]:
    return and_(job.c.state == JobState.READY, job.c.token.is_not(None), job.c.run_at > now)


def _ready_jobs(now: datetime) -> Select[Any]:
    """Count the running and date the oldest waiting job of each queue."""
    is_running = _is_running(now)
    running = func.sum(case((is_running, 1), else_=0))
    oldest = func.min(case((is_running, None), else_=job.c.enqueued_at))
    queue = (job.c.kind, job.c.destination)
    return select(*queue, running, oldest).where(job.c.state == JobState.READY).group_by(*queue)


def _to_count(row: Row[Any], running: int, oldest: datetime | None, *, now: datetime) -> QueueCount:
    is_ready = row.state == JobState.READY
    return QueueCount(
        kind=JobKind(row.kind),
        destination=row.destination,
        state=JobState(row.state),
        jobs=row.jobs,
        running=running if is_ready else 0,
        oldest_waiting=now - oldest if is_ready and oldest is not None else None,
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
