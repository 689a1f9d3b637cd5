"""Takes old rows out of the queue and the history; work that is open is never touched.

Instances, analyses, decisions of routes and deliveries stay: the index knows for ever what was received, so a
film that is sent again after its jobs were forgotten is not analysed again.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, exists, select

from storage.events import DRIFT_EVENT, SERVES_EVENT
from storage.ledger import Ledger
from storage.tables import commitment, commitment_member, event, job
from storage.values import JobKind, JobState

ROWS_AT_ONCE = 500
"""Few enough that nobody waits long for the ledger meanwhile."""
_FINISHED = (JobState.DONE, JobState.UNCOMMITTED, JobState.CANCELLED)


def forget_jobs(ledger: Ledger, before: datetime, limit: int = ROWS_AT_ONCE) -> int:
    """Remove jobs that ended before a moment, with their commitment transactions; give their number.

    Dead letters are kept until an operator has retried or cancelled them, and with a COMMIT job that is open
    or dead the DELIVER job that it may have to open again.
    """
    return _forget(ledger, job, _is_over(before), limit)


def forget_events(ledger: Ledger, before: datetime, limit: int = ROWS_AT_ONCE) -> int:
    """Remove what the history says of the time before a moment; give the number of lines.

    Drift that was told is kept, a line a week at most: by it each window is told only once. So is which
    model serves, a line a start.
    """
    is_trimmed = and_(event.c.at < before, event.c.what.not_in((DRIFT_EVENT, SERVES_EVENT)))
    return _forget(ledger, event, is_trimmed, limit)


def _is_over(before: datetime) -> ColumnElement[bool]:
    other = job.alias("other")
    is_needed = exists().where(
        other.c.kind == JobKind.COMMIT,
        other.c.destination == job.c.destination,
        other.c.key == job.c.key,
        other.c.state.not_in(_FINISHED),
    )
    return and_(job.c.state.in_(_FINISHED), job.c.finished_at < before, ~is_needed)


def _forget(ledger: Ledger, table: Table, condition: ColumnElement[bool], limit: int) -> int:
    (number,) = table.primary_key
    # Found without the lock on the ledger, and looked at again under it.
    with ledger.read() as connection:
        found = connection.scalars(select(number).where(condition).order_by(number).limit(limit)).all()
    if not found:
        return 0
    with ledger.begin() as connection:
        rows = connection.scalars(select(number).where(number.in_(found), condition)).all()
        if table is job:
            _forget_transactions(connection, rows)
        return connection.execute(delete(table).where(number.in_(rows))).rowcount


def _forget_transactions(connection: Connection, job_ids: Sequence[int]) -> None:
    members = commitment_member
    of_jobs = members.c.job_id.in_(job_ids)
    transactions = connection.scalars(select(members.c.transaction_uid).where(of_jobs).distinct()).all()
    connection.execute(delete(members).where(of_jobs))
    is_empty = ~exists().where(members.c.transaction_uid == commitment.c.transaction_uid)
    this = commitment.c.transaction_uid.in_(transactions)
    connection.execute(delete(commitment).where(this, is_empty))
