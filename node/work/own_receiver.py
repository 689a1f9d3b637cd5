"""Whether the node's own receiver listens: a commitment report that finds nobody may never come again."""

from collections.abc import Callable
from time import monotonic

from node.log import EventLog
from node.reach import listens

PATIENCE_S = 60.0
"""A receiver listens a few seconds after its start; one that does not for so long may run elsewhere."""
_PAUSE_S = 1.0

_log = EventLog("committer")


class OwnReceiver:
    """The receiver of this node, as the process that asks for commitments sees it.

    Parameters
    ----------
    host, port
        Where this machine reaches it; port 0 when that is not known, and then nobody waits for it.
    patience_s
        How long it is waited for, seconds.
    """

    def __init__(
        self, host: str, port: int, *, patience_s: float = PATIENCE_S, clock: Callable[[], float] = monotonic
    ) -> None:
        self._address = (host, port)
        self._patience_s = patience_s
        self._clock = clock
        self._missed_since: float | None = None
        self._is_given_up = False

    def pause_s(self) -> float:
        """Return how long to wait before it is asked for again, seconds; 0 when reports can come in."""
        host, port = self._address
        if port == 0 or listens(host, port):
            self._missed_since, self._is_given_up = None, False
            return 0.0
        now = self._clock()
        if self._missed_since is None:
            self._missed_since = now
        if now - self._missed_since < self._patience_s:
            return _PAUSE_S
        self._give_up()
        return 0.0

    def _give_up(self) -> None:
        if not self._is_given_up:
            host, port = self._address
            _log.warning(
                "own receiver does not listen; commitment is asked for all the same", at=f"{host}:{port}"
            )
        self._is_given_up = True
