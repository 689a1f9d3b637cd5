"""The circuit breaker of each destination: one that keeps failing is left alone for a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from storage.databases import database_now, insert_new
from storage.jobs import to_error
from storage.tables import destination


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a failing destination is left alone, and for how long.

    Attributes
    ----------
    threshold
        Failures one after the other that open the breaker.
    first_pause, longest_pause
        The pause doubles with every further failure, up to the longest.
    """

    threshold: int = 3
    first_pause: timedelta = timedelta(seconds=30)
    longest_pause: timedelta = timedelta(minutes=10)

    def pause(self, failures: int) -> timedelta | None:
        """Give the pause after so many failures; None while the breaker stays closed."""
        if failures < self.threshold:
            return None
        doublings = min(failures - self.threshold, 20)
        return min(self.first_pause * float(2**doublings), self.longest_pause)


DEFAULT_BREAKER = Breaker()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is known of a destination that failed.

    Attributes
    ----------
    failures
        One after the other, since it last answered.
    down_until
        It is left alone until then; None when it may be tried.
    error
        What the last failure was.
    """

    failures: int
    down_until: datetime | None
    error: str


NO_TROUBLE = Trouble(0, None, "")


def trouble_with(connection: Connection, name: str) -> Trouble:
    """Tell how a destination fares."""
    columns = (destination.c.failures, destination.c.down_until, destination.c.error)
    row = connection.execute(select(*columns).where(destination.c.name == name)).one_or_none()
    if row is None:
        return NO_TROUBLE
    is_down = row.down_until is not None and row.down_until > database_now(connection)
    return Trouble(row.failures, row.down_until if is_down else None, row.error)


def destination_down_until(connection: Connection, name: str) -> datetime | None:
    """Give the moment until which a destination is left alone; None when it may be tried now."""
    return trouble_with(connection, name).down_until


def note_failure(
    connection: Connection, name: str, error: str, *, breaker: Breaker = DEFAULT_BREAKER
) -> datetime | None:
    """Count a failure of a destination; give the moment until which it is to be left alone, if any."""
    now = database_now(connection)
    new = {"name": name, "failures": 0, "error": "", "changed_at": now}
    connection.execute(insert_new(connection, destination), new)
    failed = {"failures": destination.c.failures + 1, "error": to_error(error), "changed_at": now}
    this = destination.c.name == name
    counted = connection.execute(
        update(destination).where(this).values(failed).returning(destination.c.failures)
    )
    failures: int = counted.scalar_one()
    pause = breaker.pause(failures)
    until = None if pause is None else now + pause
    connection.execute(update(destination).where(this).values(down_until=until))
    return until


def note_success(connection: Connection, name: str) -> None:
    """Close the breaker of a destination: it answered, or somebody wants it tried at once."""
    closed = {"failures": 0, "down_until": None, "error": "", "changed_at": database_now(connection)}
    failing = (destination.c.name == name) & (destination.c.failures > 0)
    connection.execute(update(destination).where(failing).values(closed))


def end_pause(connection: Connection, name: str) -> None:
    """Let a destination be tried now that answered a probe; its failures stay counted until it does more."""
    connection.execute(update(destination).where(destination.c.name == name).values(down_until=None))
