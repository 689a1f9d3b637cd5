"""Makes the pause of an association's reactor certain, so that no response is lost between two threads.

The reactor is the thread that serves what the peer sends. Before a request, pynetdicom clears a checkpoint
and waits for the reactor's word that it stands before it; else the reactor would take the response, and
whoever asked would wait for it until the time-out. But the reactor takes its word back a moment after it has
passed, so that a request made in that moment believes a reactor that is already on its way to the messages.
"""

# ruff: noqa: SLF001 - pynetdicom has no public way to pause its reactor

import threading
from typing import Any


def mend_pause(event: Any) -> None:
    """Give an association a checkpoint that cannot mislead (handler of EVT_CONN_OPEN).

    Both as acceptor and as requestor that is before the reactor runs.
    """
    event.assoc._reactor_checkpoint = _Checkpoint(event.assoc)


class _Checkpoint(threading.Event):
    """Lets the reactor pass, or holds it; only the reactor waits here.

    Whoever clears it finds the reactor either held, although it was set in between, or marked as not paused.
    """

    def __init__(self, association: Any) -> None:
        super().__init__()
        self._association = association
        self._is_open = True
        self._changed = threading.Condition()

    def is_set(self) -> bool:
        """Tell whether the reactor may pass."""
        return self._is_open

    def set(self) -> None:
        """Let the reactor pass."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def clear(self) -> None:
        """Hold the reactor when it comes, or where it stands."""
        with self._changed:
            self._is_open = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the reactor may pass, and take back its word that it is paused in the same step."""
        with self._changed:
            has_passed = self._changed.wait_for(self.is_set, timeout)
            if has_passed:
                self._association._is_paused = False
            return has_passed
