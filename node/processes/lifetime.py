"""When a process must stop: signals, a lost parent, and a lock against two of a kind on one data folder."""

import fcntl
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from node.errors import AlreadyRunning
from node.folders import make_data_folder

SUPERVISOR_VARIABLE = "_NEOLUNG_SUPERVISOR_PID"
"""Set by the supervisor for its children: the process they must not outlive. Underscore: it sets no key."""

_PARENT_POLL_S = 0.25
_LOCK_POLL_S = 0.1


class Drain:
    """The wish to stop: finish what is open, take nothing new.

    It can be waited for together with other descriptors (``fileno``), and requested from a signal handler.
    """

    def __init__(self) -> None:
        # Written once and never read: readable for every waiter from then on.
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.requested = False

    def request(self) -> None:
        """Ask to stop; safe from signal handlers and from any thread."""
        if not self.requested:
            self.requested = True
            os.write(self._writer, b"!")

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the wish is there; returns whether it is."""
        select.select([self], [], [], timeout_s)
        return self.requested

    def fileno(self) -> int:
        """Return a descriptor that is readable once the wish is there."""
        return self._reader


def install_signals(drain: Drain) -> None:
    """Let the first SIGTERM or SIGINT ask to stop, and the second one end the process at once.

    Leases, not tidiness, are what keeps the work safe, so ending at once loses nothing.
    """

    def stop(signum: int, _frame: FrameType | None) -> None:
        if drain.requested:
            os._exit(128 + signum)
        drain.request()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def follow_supervisor(drain: Drain, grace_s: float) -> bool:
    """Stop when the supervisor that started this process is gone.

    Parameters
    ----------
    grace_s
        Time to finish open work before the process ends itself, seconds.

    Returns
    -------
    bool
        Whether this process has a supervisor at all.
    """
    parent = os.environ.get(SUPERVISOR_VARIABLE)
    if parent is None:
        return False

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(_PARENT_POLL_S)
        drain.request()
        time.sleep(grace_s)
        os._exit(1)

    threading.Thread(target=watch, name="supervisor watch", daemon=True).start()
    return True


@contextmanager
def hold_lock(data_dir: Path, role: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Be the only process of a role on this data folder; the kernel frees the lock when the process dies.

    Parameters
    ----------
    wait_s
        How long to wait for a process that is about to end, seconds.

    Raises
    ------
    AlreadyRunning
        If another process holds the lock.
    StartRefused
        If the data folder cannot be made.
    """
    make_data_folder(data_dir)
    folder = data_dir / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / role).open("a+", encoding="ascii") as file:
        if not _lock(file.fileno(), time.monotonic() + wait_s):
            raise AlreadyRunning(_refusal(role, data_dir))
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_held(data_dir: Path, role: str) -> bool:
    """Tell whether a process holds the lock of a role on this data folder at this moment."""
    try:
        with (data_dir / "locks" / role).open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _lock(descriptor: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOCK_POLL_S)
        else:
            return True


def _refusal(role: str, data_dir: Path) -> str:
    holder = (data_dir / "locks" / role).read_text(encoding="ascii").strip() or "unknown"
    return (
        f"'neolung {role}' already runs on {data_dir} (process {holder}). Stop it, or give this one another "
        "node.data_dir"
    )
