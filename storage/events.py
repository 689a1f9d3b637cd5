"""The history, append-only: what happened to which object. It holds UIDs and numbers, no patient data."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from storage.databases import database_now
from storage.jobs import to_error
from storage.tables import event

DRIFT_EVENT = "drift"
"""Films of a window, which is the subject, are unlike the reference; kept for good."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the history.

    Attributes
    ----------
    what
        What happened, in a word or two that are always the same.
    subject
        UID of the object, or name of the destination.
    """

    event_id: int
    at: datetime
    what: str
    subject: str
    detail: str


def add_event(connection: Connection, what: str, *, subject: str, detail: str = "") -> None:
    """Append a line to the history."""
    values = {"at": database_now(connection), "what": what, "subject": subject, "detail": to_error(detail)}
    connection.execute(insert(event).values(values))


SERVES_EVENT = "model serves"
"""Subject of such an event: digest of the bundle by which films are judged from then on; detail: its name."""


def list_events(
    connection: Connection, *, subject: str | None = None, what: str | None = None, limit: int = 100
) -> list[Event]:
    """Give the newest events, of one subject or of one kind if given, the newest first."""
    wanted = select(event).order_by(event.c.event_id.desc()).limit(limit)
    if subject is not None:
        wanted = wanted.where(event.c.subject == subject)
    if what is not None:
        wanted = wanted.where(event.c.what == what)
    return [Event(**row) for row in connection.execute(wanted).mappings()]


def has_event(connection: Connection, what: str, *, subject: str) -> bool:
    """Whether the history says this of a subject."""
    return bool(list_events(connection, subject=subject, what=what, limit=1))
