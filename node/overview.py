"""What ``neolung status`` shows: the queue by kind of work, silent destinations, the receiver."""

import socket
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from node.config.addressee import own_node
from node.config.schema import Config
from node.errors import NoLedger
from storage.breaker import destination_down_until
from storage.jobs import counts
from storage.ledger import Ledger
from storage.values import JobState, QueueCount

_SQLITE = "sqlite:///"
_CONNECT_S = 0.3


@dataclass(slots=True)
class Work:
    """One kind of work; ``waiting`` includes jobs that back off after a failure."""

    work: str
    waiting: int = 0
    running: int = 0
    done: int = 0
    dead: int = 0
    cancelled: int = 0
    oldest_waiting_s: float | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the node at one moment.

    Attributes
    ----------
    destinations_down
        Destinations that did not answer, and until when (UTC) they are left alone.
    is_listening
        Whether the receiver's port takes connections.
    """

    queue: tuple[Work, ...]
    destinations_down: dict[str, datetime]
    is_listening: bool
    receiver: str

    def to_json(self) -> dict[str, object]:
        """Give plain values."""
        return asdict(self)


def open_ledger(config: Config) -> AbstractContextManager[Ledger]:
    """Open the ledger of a node that has run; it is closed at the end of the block.

    Raises
    ------
    NoLedger
        If there is none yet.
    StorageError
        If it cannot be opened, or is of another version.
    """
    url = config.ledger_url
    if url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists():
        raise NoLedger(f"no ledger at {url.removeprefix(_SQLITE)}: this node has not run yet (neolung run)")
    return closing(Ledger.open(url, migrate=False))


def look(config: Config) -> Overview:
    """Take the overview."""
    with open_ledger(config) as ledger, ledger.read() as connection:
        queue = _by_work(counts(connection))
        names = [destination.name for destination in config.destinations]
        down = {name: until for name in names if (until := destination_down_until(connection, name))}
    node = own_node(config)
    return Overview(
        queue, down, _listens(node.host, node.port), f"{node.ae_title} at {node.host}:{node.port}"
    )


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


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_CONNECT_S):
            return True
    except OSError:
        return False
