"""When a destination is left alone: failures are counted, the pauses grow, a probe ends them."""

from datetime import timedelta
from time import monotonic

from node.config.destinations import DestinationConfig
from node.log import EventLog
from node.work.retry import RetryPolicy
from storage.breaker import Breaker, destination_down_until, note_failure, note_success
from storage.ledger import Ledger

_log = EventLog("circuit")


class Circuit:
    """The circuit breaker of one destination, as one thread of one process sees it.

    While it is open nothing is claimed, so that no attempts are used up on a destination that is down.
    """

    def __init__(self, ledger: Ledger, destination: DestinationConfig) -> None:
        retry = destination.retry
        self._ledger = ledger
        self._name = destination.name
        self._policy = RetryPolicy(retry.first_delay_s, retry.max_delay_s)
        self._breaker = Breaker(
            threshold=retry.breaker_failures,
            first_pause=timedelta(seconds=retry.breaker_pause_s),
            longest_pause=timedelta(seconds=retry.max_delay_s),
        )
        self._failures = 0
        self._rest_until = 0.0
        self._may_be_noted = True
        self._is_alive = False

    @property
    def is_recovering(self) -> bool:
        """Whether the destination failed the last time: then it gets one object only."""
        return self._failures > 0

    @property
    def needs_probe(self) -> bool:
        """Whether the destination failed and was not seen alive since."""
        return self._failures > 0 and not self._is_alive

    def note_alive(self) -> None:
        """Take note that a probe was answered; whether objects are taken remains to be seen."""
        self._is_alive = True

    def rest_s(self) -> float:
        """Return how long the destination is still left alone, seconds; 0 when it may be tried."""
        own = self._rest_until - monotonic()
        if own > 0:
            return own
        with self._ledger.read() as connection:
            until = destination_down_until(connection, self._name)
            if until is None:
                return 0.0
            self._failures = max(self._failures, 1)
            return max(0.0, (until - self._ledger.now(connection)).total_seconds())

    def note_failure(self, error: str) -> None:
        """Count a failure of the destination itself, not of one object."""
        self._failures += 1
        self._may_be_noted, self._is_alive = True, False
        self._rest_until = monotonic() + self._policy.delay(self._failures).total_seconds()
        with self._ledger.begin() as connection:
            until = note_failure(connection, self._name, error, breaker=self._breaker)
        if until is not None:
            self._rest_until = 0.0  # the ledger knows, for every process
        _log.warning("destination failed", destination=self._name, reason=error, down_until=until)

    def note_success(self) -> None:
        """Close the breaker."""
        if not self._may_be_noted:
            return
        with self._ledger.begin() as connection:
            note_success(connection, self._name)
        if self._failures:
            _log.info("destination is back", destination=self._name)
        self._failures, self._may_be_noted = 0, False
