"""How many radiographs wait for analysis, looked up now and then."""

import threading
import time

from storage.jobs import count_new_films
from storage.ledger import Ledger

_LOOK_AGAIN_S = 2.0


class Backlog:
    """Tells whether the queue is over its limit, from a count that is at most seconds old."""

    def __init__(self, ledger: Ledger, max_queue: int) -> None:
        self._ledger = ledger
        self._max_queue = max_queue
        self._lock = threading.Lock()
        self._is_over = False
        self._look_at = 0.0

    def is_over_limit(self) -> bool:
        """Whether no further radiograph should be taken in.

        Raises
        ------
        StorageFailed
            If the ledger cannot be read.
        """
        if not self._max_queue:
            return False
        with self._lock:
            if time.monotonic() >= self._look_at:
                self._is_over = self._count() >= self._max_queue
                self._look_at = time.monotonic() + _LOOK_AGAIN_S
            return self._is_over

    def _count(self) -> int:
        with self._ledger.read() as connection:
            return count_new_films(connection)
