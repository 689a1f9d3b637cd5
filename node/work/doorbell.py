"""A bell between the processes of one machine: who puts a job into the queue rings, who waits wakes at once.

The queue is the truth and is looked at regularly anyway; the bell only takes the pause away. It is a named
pipe below the data folder, so it needs no port and survives any process.
"""

import os
import select
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from node.processes.lifetime import Drain

_FOLDER = "bells"
_DRAIN_BYTES = 4096


class Doorbell:
    """One waiter's own bell.

    Parameters
    ----------
    data_dir
        The node's data folder.
    name
        What the waiter waits for, ``analyse`` or ``deliver.pacs``; one waiter a name at a time.
    """

    def __init__(self, data_dir: Path, name: str) -> None:
        try:
            self._reader = self._writer = _open_pipe(data_dir / _FOLDER / name)
        except OSError:
            # A file system without named pipes: other processes cannot ring then, and are not waited for.
            self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def ring(self) -> None:
        """Wake the waiter; safe from signal handlers and from any thread."""
        if self._writer >= 0:
            _strike(self._writer)

    def wait(self, timeout_s: float, drain: Drain | None = None) -> bool:
        """Wait until somebody rings, or until the wish to stop.

        Returns
        -------
        bool
            Whether it was a ring.
        """
        others = [] if drain is None else [drain.fileno()]
        ready, _, _ = select.select([self._reader, *others], [], [], max(0.0, timeout_s))
        if self._reader not in ready:
            return False
        os.read(self._reader, _DRAIN_BYTES)
        return True

    def close(self) -> None:
        """Stop listening; the pipe stays for the next waiter of this name."""
        descriptors = {self._reader, self._writer}
        self._reader = self._writer = -1
        for descriptor in descriptors:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def ring(data_dir: Path, name: str) -> None:
    """Wake the waiter of this name; nothing happens when nobody waits."""
    try:
        descriptor = os.open(data_dir / _FOLDER / name, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return  # no such pipe yet, or nobody has it open
    try:
        _strike(descriptor)
    finally:
        os.close(descriptor)


def _open_pipe(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_fifo():
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
    # For reading and writing: so the pipe never reports its end when the last ringer goes away.
    return os.open(path, os.O_RDWR | os.O_NONBLOCK)


def _strike(descriptor: int) -> None:
    with suppress(BlockingIOError):  # the pipe is full of rings already
        os.write(descriptor, b"!")
