"""When a destination is left alone: failures are counted, the pauses grow, and an answer ends them."""

from datetime import timedelta
from time import monotonic

from node.config.destinations import DestinationConfig
from node.log import EventLog
from node.work.retry import RetryPolicy
from storage.breaker import Breaker, end_pause, note_failure, note_success, trouble_with
from storage.ledger import Ledger

_log = EventLog("circuit")


class Circuit:
    """The circuit breaker of one destination, as one thread of one process sees it.

    While it is open nothing is claimed, so that no attempts are used up on a destination that is down. The
    ledger holds the count, so that other processes, and an operator, can close the breaker.
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
        self._probe_s = retry.probe_s
        self._probe_at = float("inf")
        self._failures = 0
        self._rest_until = 0.0
        self._is_alive = False

    @property
    def is_recovering(self) -> bool:
        """Whether the destination failed the last time: then it gets one object only."""
        return self._failures > 0

    @property
    def needs_probe(self) -> bool:
        """Whether the destination failed and was not seen alive since."""
        return self._failures > 0 and not self._is_alive

    def start_afresh(self) -> None:
        """Forget what happened before this process: whoever starts the node wants it to try."""
        with self._ledger.begin() as connection:
            note_success(connection, self._name)

    def note_alive(self) -> None:
        """Take note that a probe was answered; whether objects are taken remains to be seen."""
        self._is_alive = True
        self._rest_until, self._probe_at = 0.0, float("inf")
        with self._ledger.begin() as connection:
            end_pause(connection, self._name)

    def rest_s(self) -> float:
        """Return how long the destination is still left alone, seconds; 0 when it may be tried."""
        with self._ledger.read() as connection:
            trouble = trouble_with(connection, self._name)
            now = self._ledger.now(connection)
        if trouble.failures == 0 and self._failures:
            self._rest_until = 0.0  # somebody closed the breaker
        self._failures = trouble.failures
        own_s = self._rest_until - monotonic()
        down_s = (trouble.down_until - now).total_seconds() if trouble.down_until else 0.0
        return max(own_s, down_s, 0.0)

    def probe_in_s(self) -> float:
        """Return when to look by C-ECHO whether the destination is back before its pause ends, seconds.

        Infinite for one that answered C-ECHO and failed all the same: it would tell nothing new.
        """
        return max(0.0, self._probe_at - monotonic())

    def put_off_probe(self) -> None:
        """Take note that a probe was not answered, which is no news while the destination is left alone."""
        self._probe_at = monotonic() + self._probe_s

    def note_failure(self, error: str) -> None:
        """Count a failure of the destination itself, not of one object."""
        self._probe_at = float("inf") if self._is_alive else monotonic() + self._probe_s
        self._is_alive = False
        with self._ledger.begin() as connection:
            until = note_failure(connection, self._name, error, breaker=self._breaker)
            self._failures = trouble_with(connection, self._name).failures
        own = self._policy.delay(self._failures).total_seconds() if until is None else 0.0
        self._rest_until = monotonic() + own
        _log.warning("destination failed", destination=self._name, reason=error, down_until=until)

    def note_success(self) -> None:
        """Close the breaker."""
        if self._failures == 0:
            return
        with self._ledger.begin() as connection:
            note_success(connection, self._name)
        _log.info("destination is back", destination=self._name)
        self._failures, self._rest_until, self._is_alive = 0, 0.0, False
