"""How fast a campaign may go: at the rate that the operator allows, and not ahead of the analysis."""

from threading import Lock
from time import monotonic

from node.config.fetch import FetchConfig
from node.log import EventLog
from node.processes.lifetime import Drain
from storage.jobs import count_new_films
from storage.ledger import Ledger

_LOOK_S = 2.0

_log = EventLog("fetch")


class Pace:
    """Shared by the threads of one campaign."""

    def __init__(self, config: FetchConfig, ledger: Ledger, drain: Drain) -> None:
        self._config = config
        self._ledger = ledger
        self._drain = drain
        self._lock = Lock()
        self._free_at = 0.0
        self._is_behind = False

    def wait_for(self, objects: int) -> None:
        """Wait until so many objects more may be asked for, or until the wish to stop."""
        while not self._drain.requested and self._is_ahead():
            if not self._is_behind:
                _log.warning("waiting for the analysis", films=self._config.max_waiting)
            self._is_behind = True
            self._drain.wait(_LOOK_S)
        self._is_behind = False
        self._drain.wait(self._reserve(objects))

    def _reserve(self, objects: int) -> float:
        """Take the next free time and give how far off it is, seconds."""
        if not self._config.objects_per_minute:
            return 0.0
        with self._lock:
            start = max(monotonic(), self._free_at)
            self._free_at = start + objects * 60 / self._config.objects_per_minute
        return max(0.0, start - monotonic())

    def _is_ahead(self) -> bool:
        """Whether more films wait for analysis than should."""
        if not self._config.max_waiting:
            return False
        with self._ledger.read() as connection:
            return count_new_films(connection) > self._config.max_waiting
