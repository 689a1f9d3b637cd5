"""Requests for storage commitment that others made of this node, each a duty to report (PS3.4 J.3).

A request is written down before it is answered, and stays open until its report was taken or given up; so the
duty survives a restart. Whoever works on one holds it under a lease, as jobs are held. The first to hold it
is the process that took it, for only that one has the association on which the report may have to go.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from storage.databases import database_now
from storage.ledger import Ledger
from storage.retention import ROWS_AT_ONCE
from storage.tables import commitment_request as table

Reference = tuple[str, str]
"""SOP Class UID and SOP Instance UID of one object."""


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    """The report is still owed."""
    REPORTED = "reported"
    GIVEN_UP = "given up"
    """The report was not taken, however often it was sent."""


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """One request, held for a try at its report.

    Attributes
    ----------
    calling_ae_title
        Who asked.
    attempt
        Number of this try, from 1; fences what is written about it.
    """

    request_id: int
    calling_ae_title: str
    transaction_uid: str
    references: tuple[Reference, ...]
    attempt: int


def add_request(
    connection: Connection,
    calling_ae_title: str,
    transaction_uid: str,
    references: Sequence[Reference],
    *,
    lease: timedelta,
) -> bool:
    """Write a request down; one that is repeated word for word is owed a report once more.

    Parameters
    ----------
    lease
        How long it is left to `hold_asked`, by which the process that took it holds it.

    Returns
    -------
    bool
        False when the same peer has used this transaction UID for other objects; nothing was written then.
    """
    now, listed = database_now(connection), [list(reference) for reference in references]
    this = _is_named(calling_ae_title, transaction_uid)
    known = connection.execute(select(table.c.request_id, table.c.objects).where(this).with_for_update())
    row = known.one_or_none()
    if row is not None and row.objects != listed:
        return False
    owed = {
        "state": RequestState.OPEN,
        "attempts": 0,
        "run_at": now + lease,
        "error": "",
        "finished_at": None,
    }
    if row is not None:
        connection.execute(update(table).where(this).values(owed))
        return True
    named = {"calling_ae_title": calling_ae_title, "transaction_uid": transaction_uid, "objects": listed}
    connection.execute(insert(table).values(owed | named | {"requested_at": now}))
    return True


def hold_asked(
    ledger: Ledger, calling_ae_title: str, transaction_uid: str, lease: timedelta
) -> CommitmentRequest | None:
    """Take a request that this process was asked for; None when it was never written, or another has it."""
    with ledger.begin() as connection:
        return _hold(connection, _is_named(calling_ae_title, transaction_uid) & _IS_NEW, lease)


def hold_request(ledger: Ledger, lease: timedelta) -> CommitmentRequest | None:
    """Take the request that has waited longest among those that are due; None when none is."""
    with ledger.read() as connection:
        if connection.scalar(select(table.c.request_id).where(_is_due(connection)).limit(1)) is None:
            return None
    with ledger.begin() as connection:
        return _hold(connection, _is_due(connection), lease)


def release_asked(ledger: Ledger, calling_ae_title: str, transaction_uid: str) -> None:
    """Leave a request that this process was asked for to whoever comes first."""
    with ledger.begin() as connection:
        mine = _is_named(calling_ae_title, transaction_uid) & _IS_NEW
        connection.execute(update(table).where(mine).values(run_at=database_now(connection)))


def _hold(connection: Connection, which: ColumnElement[bool], lease: timedelta) -> CommitmentRequest | None:
    wanted = select(table).where(which).order_by(table.c.run_at, table.c.request_id)
    row = connection.execute(wanted.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    attempt = row.attempts + 1
    held = {"attempts": attempt, "run_at": database_now(connection) + lease}
    connection.execute(update(table).where(table.c.request_id == row.request_id).values(held))
    references = tuple((sop_class, sop_instance) for sop_class, sop_instance in row.objects)
    return CommitmentRequest(row.request_id, row.calling_ae_title, row.transaction_uid, references, attempt)


def end_request(
    connection: Connection, held: CommitmentRequest, state: RequestState, error: str = ""
) -> None:
    """Note that the report was taken, or will not be sent again."""
    values = {"state": state, "finished_at": database_now(connection), "error": error}
    connection.execute(update(table).where(_is_held(held)).values(values))


def put_off_request(connection: Connection, held: CommitmentRequest, delay: timedelta, error: str) -> None:
    """Let the report be tried again after a pause."""
    values = {"run_at": database_now(connection) + delay, "error": error}
    connection.execute(update(table).where(_is_held(held)).values(values))


def forget_requests(ledger: Ledger, before: datetime, limit: int = ROWS_AT_ONCE) -> int:
    """Remove requests that ended before a moment; give their number."""
    over = (table.c.state != RequestState.OPEN) & (table.c.finished_at < before)
    with ledger.begin() as connection:
        rows = connection.scalars(select(table.c.request_id).where(over).limit(limit)).all()
        if not rows:
            return 0
        return connection.execute(delete(table).where(table.c.request_id.in_(rows))).rowcount


_IS_NEW = (table.c.state == RequestState.OPEN) & (table.c.attempts == 0)


def _is_named(calling_ae_title: str, transaction_uid: str) -> ColumnElement[bool]:
    return (table.c.calling_ae_title == calling_ae_title) & (table.c.transaction_uid == transaction_uid)


def _is_due(connection: Connection) -> ColumnElement[bool]:
    return (table.c.state == RequestState.OPEN) & (table.c.run_at <= database_now(connection))


def _is_held(held: CommitmentRequest) -> ColumnElement[bool]:
    this = (table.c.request_id == held.request_id) & (table.c.attempts == held.attempt)
    return this & (table.c.state == RequestState.OPEN)
