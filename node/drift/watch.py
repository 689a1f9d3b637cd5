"""The course over weeks, and the event for a week that is unlike the reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from node.config.schema import Config
from node.drift.reference import Reference, read_films, read_reference
from node.drift.statistics import Change, Limits, changes
from node.drift.windows import Window, windows_of
from node.errors import NoReference
from node.log import EventLog
from storage.events import DRIFT_EVENT, add_event, has_event
from storage.ledger import Ledger

_log = EventLog("drift")


@dataclass(frozen=True, slots=True)
class Looked:
    """One window against the reference."""

    window: Window
    changes: Sequence[Change]

    @property
    def alarms(self) -> list[Change]:
        """Features that are surely and largely unlike the reference."""
        return [change for change in self.changes if change.is_alarm]


@dataclass(frozen=True, slots=True)
class Course:
    """All windows since the reference, the earliest first."""

    reference: Reference
    limits: Limits
    windows: Sequence[Looked]


def look_for_drift(config: Config, ledger: Ledger, *, last: int | None = None) -> Course:
    """Hold windows after the reference against it.

    Parameters
    ----------
    last
        Only so many of the newest; None: all.

    Raises
    ------
    NoReference
        If none is frozen.
    """
    reference, drift = read_reference(config), config.drift
    limits = Limits(drift.level, drift.least_films, drift.least_effect)
    windows = windows_of(read_films(ledger), drift.window_days, after=reference.window.last)
    before = {name: sample for name, sample in reference.window.features.items() if name not in drift.ignore}
    chosen = windows if last is None else windows[-last:]
    looked = [Looked(window, changes(before, window.features, limits)) for window in chosen]
    return Course(reference, limits, looked)


def watch_drift(config: Config, ledger: Ledger, today: date | None = None) -> list[str]:
    """Raise an event for each window that has ended, is unlike the reference, and was never told.

    Parameters
    ----------
    today
        Windows that end before this day have ended; None: today, UTC.

    Returns
    -------
    list of str
        Names of the windows that were told now.
    """
    if not config.drift.watch:
        return []
    try:
        course = look_for_drift(config, ledger)
    except NoReference:
        return []
    now = today or datetime.now(UTC).date()
    unlike = [one for one in course.windows if one.alarms and one.window.last < now]
    return [one.window.name for one in unlike if _tell(ledger, one)]


def _tell(ledger: Ledger, looked: Looked) -> bool:
    name = looked.window.name
    with ledger.read() as connection:
        if has_event(connection, DRIFT_EVENT, subject=name):
            return False
    said = "; ".join(
        f"{change.feature}: {change.before} before, {change.now} now" for change in looked.alarms
    )
    with ledger.begin() as connection:
        if has_event(connection, DRIFT_EVENT, subject=name):  # by another process in the meantime
            return False
        add_event(connection, DRIFT_EVENT, subject=name, detail=said)
    _log.error("films are unlike the reference", window=name, features=len(looked.alarms))
    return True
