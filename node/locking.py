"""Changes of a small file by one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MODE = 0o600


@contextmanager
def changing(file: Path) -> Iterator[None]:
    """Keep others out from reading a file until its replacement is written; waits for its turn.

    The lock is a file of its own beside it, for the file itself is replaced.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    lock = file.with_name(f".{file.name}.lock")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
