"""What ``neolung status`` shows: the queue by kind of work, silent destinations, the receiver."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from node.config.addressee import own_address
from node.config.schema import Config
from node.errors import NoLedger
from node.folders import require_folder
from node.printing import counted
from node.reach import listens
from storage.breaker import trouble_with
from storage.events import DRIFT_EVENT, SERVES_EVENT, list_events
from storage.jobs import counts
from storage.ledger import Ledger
from storage.promotions import Part, current
from storage.values import JobKind, JobState, QueueCount

_SQLITE = "sqlite:///"
_ALARM_LASTS = timedelta(days=7)
_WARM_UP = timedelta(minutes=2)


@dataclass(slots=True)
class Work:
    """One kind of work.

    Attributes
    ----------
    waiting
        Jobs that back off after a failure are among them.
    running
        Commitments that were asked for and await their report are among them.
    uncommitted
        Results that are stored, not committed: their destination offers no Storage Commitment.
    """

    work: str
    waiting: int = 0
    running: int = 0
    done: int = 0
    uncommitted: int = 0
    dead: int = 0
    cancelled: int = 0
    oldest_waiting_s: float | None = None


@dataclass(frozen=True, slots=True)
class SilentDestination:
    """A destination that failed again and again; it is left alone until a moment, UTC."""

    name: str
    until: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the node at one moment.

    Attributes
    ----------
    is_listening
        Whether the receiver's port takes connections.
    not_served
        The active model and the one that judges films instead, where that lasts longer than a warm-up.
    unlike
        The newest window whose films are unlike the reference, for a week after that was told.
    in_shadow
        Names of the destinations that nothing is sent to.
    """

    queue: tuple[Work, ...]
    destinations_down: tuple[SilentDestination, ...]
    is_listening: bool
    receiver: str
    in_shadow: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    not_served: tuple[str, str] | None = None

    @property
    def troubles(self) -> tuple[str, ...]:
        """What somebody should look at, a sentence each; none when all is well."""
        return tuple(self._troubles())

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is worth knowing and needs nobody."""
        return tuple(self._remarks())

    def to_json(self) -> dict[str, object]:
        """Give plain values."""
        return asdict(self) | {"troubles": self.troubles}

    def _remarks(self) -> Iterator[str]:
        for line in self.queue:
            if line.uncommitted:
                yield (
                    f"{counted(line.uncommitted, 'result')} stored, not committed: destination "
                    f"{line.work.split()[-1]} offers no Storage Commitment."
                )
        for name in self.in_shadow:
            waiting = sum(line.waiting for line in self.queue if line.work == f"{JobKind.DELIVER} {name}")
            before = f"; {counted(waiting, 'result')} from before still to be sent" if waiting else ""
            yield f"Destination {name} is in shadow: results are made and stored, none is sent{before}."

    def _troubles(self) -> Iterator[str]:
        if not self.is_listening:
            yield f"Receiver {self.receiver} DOES NOT LISTEN: neolung run starts the node."
        for silent in self.destinations_down:
            what = silent.error.removeprefix(silent.name + " ")
            yield (
                f"Destination {silent.name}{' ' if what != silent.error else ': '}{what}. Left alone until "
                f"{silent.until:%H:%M:%S} UTC; to try it now: neolung jobs retry --destination {silent.name}"
            )
        if self.not_served:
            active, other = self.not_served
            yield f"Films are judged by {other}, not by the active {active}: neolung doctor may say why."
        for window in self.unlike:
            yield f"Films of {window} are unlike the reference: neolung drift"
        dead = sum(line.dead for line in self.queue)
        if dead:
            yield f"{counted(dead, 'dead letter')}: neolung jobs list --dead"


def open_ledger(config: Config) -> AbstractContextManager[Ledger]:
    """Open the ledger of a node that has run; it is closed at the end of the block.

    Raises
    ------
    NoLedger
        If there is none yet.
    StartRefused
        If the data folder is none.
    StorageError
        If it cannot be opened, or is of another version.
    """
    require_folder(config.node.data_dir)
    url = config.ledger_url
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise NoLedger(f"no ledger at {url.removeprefix(_SQLITE)}: this node has not run yet (neolung run)")
    return closing(Ledger.open(url, migrate=False))


def look(config: Config) -> Overview:
    """Take the overview."""
    with open_ledger(config) as ledger, ledger.read() as connection:
        queue = _by_work(counts(connection))
        alarms = list_events(connection, what=DRIFT_EVENT, limit=1)
        now = ledger.now(connection)
        not_served = _not_served(connection, now)
        troubles = [(each.name, trouble_with(connection, each.name)) for each in config.destinations]
    down = [SilentDestination(name, at.down_until, at.error) for name, at in troubles if at.down_until]
    host, port = own_address(config)
    receiver = f"{config.node.ae_title} at {host}:{port}"
    in_shadow = tuple(destination.name for destination in config.destinations if destination.shadow)
    unlike = tuple(alarm.subject for alarm in alarms if now - alarm.at < _ALARM_LASTS)
    return Overview(queue, tuple(down), listens(host, port), receiver, in_shadow, unlike, not_served)


def _not_served(connection: Any, now: datetime) -> tuple[str, str] | None:
    active = current(connection, Part.ACTIVE)
    serving = list_events(connection, what=SERVES_EVENT, limit=1)
    if active is None or active.at is None or now - active.at < _WARM_UP or not serving:
        return None
    (newest,) = serving
    return None if newest.subject == active.digest else (active.name, newest.detail)


def _by_work(rows: Iterable[QueueCount]) -> tuple[Work, ...]:
    lines: dict[str, Work] = {"analyse": Work("analyse")}
    for row in rows:
        name = f"{row.kind} {row.destination}".strip()
        line = lines.setdefault(name, Work(name))
        if row.state is JobState.READY:
            line.waiting, line.running = row.jobs - row.running, row.running
            line.oldest_waiting_s = row.oldest_waiting.total_seconds() if row.oldest_waiting else None
        else:
            setattr(line, str(row.state), row.jobs)
    return tuple(lines.values())
