"""Runs the turns of a destination's loop in a thread until the wish to stop."""

import threading
from collections.abc import Callable
from pathlib import Path

from node.log import EventLog
from node.processes.lifetime import Drain
from node.work.doorbell import Doorbell
from storage.errors import StorageFailed

_LONGEST_REST_S = 5.0
_LEDGER_PAUSE_S = 1.0

_log = EventLog("loops")

Turn = Callable[[], float]
"""Does what is due; returns the seconds for which nothing is to be done, 0 when there may be more."""


def run_turns(turn: Turn, bell: Doorbell, drain: Drain, poll_s: float) -> None:
    """Take turns until the wish to stop.

    Parameters
    ----------
    poll_s
        Longest time until an empty queue is looked at again, seconds; a ring makes it shorter.
    """
    while not drain.requested:
        try:
            rest_s = turn()
        except StorageFailed as error:
            _log.error("ledger refuses, trying again", error=str(error))
            rest_s = _LEDGER_PAUSE_S
        if rest_s > 0:
            bell.wait(poll_s if rest_s == float("inf") else min(rest_s, _LONGEST_REST_S), drain)


def start_loop(name: str, turn: Turn, data_dir: Path, drain: Drain, poll_s: float) -> threading.Thread:
    """Start a loop in a thread, woken by the bell of its name.

    An error that nobody expected ends the thread; its process must notice and end too.
    """

    def run() -> None:
        with Doorbell(data_dir, name) as bell:
            run_turns(turn, bell, drain, poll_s)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread
