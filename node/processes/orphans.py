"""Processes that lost their parent: the supervisor takes them over and sees them off, as an init would.

In a container the supervisor is often process 1; without this, what its killed children leave behind would
stay as zombies for ever.
"""

import ctypes
import os
import time
from collections.abc import Collection

_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans among the descendants become children of this process."""
_POLL_S = 0.02


def adopt_orphans() -> None:
    """Become the parent of all descendants that lose theirs; does nothing where the kernel cannot."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(own: Collection[int] = ()) -> bool:
    """See off every dead child but our own, whose exit codes somebody waits for.

    Returns
    -------
    bool
        Whether there may be children left.
    """
    while True:
        try:
            # WNOWAIT only looks: taking the exit code of our own children would hide it from their owner.
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        if dead is None or dead.si_pid in own:
            return True
        os.waitpid(dead.si_pid, 0)


def outlast_orphans(seconds: float) -> None:
    """Wait until all adopted processes have ended, at most so long."""
    deadline = time.monotonic() + seconds
    while reap_orphans() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
