"""The files of the audit trail: one message a line, written and synced before the event goes on.

Files are named by day and number and only ever appended to, so that their order is that of the events and a
position in them holds for ever. All processes of a node write to the same one, one after the other.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from node.errors import AuditFailed, in_words

_NAME = "audit-{day}-{number:04d}.xml"
_FILES = "audit-*.xml"
_MODE, _FOLDER_MODE = 0o600, 0o700


class Trail(Protocol):
    """Where messages are kept."""

    def append(self, message: bytes) -> None:
        """Keep one message."""
        ...


class NoTrail:
    """Keeps nothing."""

    def append(self, message: bytes) -> None:
        """Forget the message."""


class AuditTrail:
    """Appends messages to the files of a folder.

    Parameters
    ----------
    max_bytes
        Size at which the next file begins.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()

    def append(self, message: bytes) -> None:
        """Write one message; it is on the disk when this returns.

        Raises
        ------
        AuditFailed
            If it cannot be written.
        """
        try:
            with self._lock, self._alone():
                self._write(message)
        except OSError as error:
            raise AuditFailed(f"the audit trail cannot be written; {in_words(error)}") from error

    def files(self) -> list[Path]:
        """List the files from the oldest to the newest."""
        return sorted(self.folder.glob(_FILES))

    def forget(self, before: date, keep_from: str | None = None) -> list[Path]:
        """Remove the files of the days before one; give those that went.

        Parameters
        ----------
        keep_from
            Name of the first file that must stay, whatever its day, for it is not forwarded yet; empty:
            none is. None: nothing is to be forwarded.
        """
        first = _NAME.format(day=before.isoformat(), number=0)
        last = first if keep_from is None else min(first, keep_from)
        old = [file for file in self.files() if file.name < last]
        for file in old:
            file.unlink(missing_ok=True)
        return old

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the other processes of the node out."""
        self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, message: bytes) -> None:
        file = self._current()
        is_new = not file.exists()
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
        try:
            line = _end_of_torn_line(descriptor) + message + b"\n"
            while line:
                line = line[os.write(descriptor, line) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(self.folder)

    def _current(self) -> Path:
        """Give the file to write to: the last one, or the next when that is full or of another day.

        It is never one before the last, whatever the clock says, for that may have been forwarded already.
        """
        first = self.folder / _NAME.format(day=datetime.now(UTC).date().isoformat(), number=1)
        last = max(self.files(), default=first)
        if last.name < first.name:
            return first
        if not last.exists() or last.stat().st_size < self._max_bytes:
            return last
        before, _, number = last.stem.rpartition("-")
        return last.with_name(f"{before}-{int(number) + 1:04d}.xml")


def days_ago(days: int) -> date:
    """Give the day, in UTC, so many days ago."""
    return datetime.now(UTC).date() - timedelta(days=days)


def _end_of_torn_line(descriptor: int) -> bytes:
    """Give the line end that a write which never came to its own end has left out."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
