"""Object files: content-addressed, durable before ``write`` returns, checked when read.

A file appears under its final name only when all of its bytes are on the disk: temporary file, fsync, rename,
fsync of the folder. A crash leaves at most a temporary file, which ``sweep`` removes.
"""

import errno
import os
import re
import socket
import time
import uuid
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Lock

from storage.errors import DigestMismatch, ObjectMissing, ObjectNotWritten, StorageFull
from storage.values import StoredFile

ABANDONED_AFTER = timedelta(hours=1)
"""No write takes so long; an older temporary file is nobody's."""

_TEMPORARY = "tmp"
_TEMPORARY_SUFFIX = ".part"
_WRITER = re.compile(r"(?P<host>.*)\.(?P<process>\d{1,9})\.[^.]*\.part$")
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class ObjectStore:
    """Files named by their SHA-256 under one folder: ``<first two digits>/<digest><suffix>``.

    Threads and processes may share the folder. It must be one file system with working fsync and rename.
    """

    def __init__(self, root: Path) -> None:
        self._root = Path(root)
        self._temporary = self._root / _TEMPORARY
        self._writer = f"{socket.gethostname()}.{os.getpid()}"
        self._preparing = Lock()
        self._is_prepared = False

    def write(self, part10: bytes | bytearray | memoryview, *, suffix: str = ".dcm") -> StoredFile:
        """Make the bytes durable; the same bytes give the same file again.

        Raises
        ------
        StorageFull
            If the disk or the quota is full.
        ObjectNotWritten
            If the file system refuses for another reason. In both cases nothing stands under the final name
            that was not there before.
        """
        digest = sha256(part10).hexdigest()
        file = StoredFile(
            path=f"{digest[:2]}/{digest}{suffix}", sha256=digest, size_bytes=memoryview(part10).nbytes
        )
        temporary = self._temporary / f"{self._writer}.{uuid.uuid4().hex}{_TEMPORARY_SUFFIX}"
        try:
            self._prepare()
            _write_durably(part10, temporary, self.path(file))
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise self._refusal(error) from error
        return file

    def path(self, file: StoredFile | str) -> Path:
        """Give the place of a file, or of its path as the ledger keeps it."""
        return self._root / (file if isinstance(file, str) else file.path)

    def read(self, file: StoredFile) -> bytes:
        """Read a file back, exactly as it was written.

        Raises
        ------
        ObjectMissing
            If there is no such file or it cannot be read.
        DigestMismatch
            If its bytes have changed.
        """
        try:
            part10 = self.path(file).read_bytes()
        except OSError as error:
            message = (
                f"The object file {file.path} cannot be read: {error.strerror}. Restore it from a backup."
            )
            raise ObjectMissing(message) from error
        if sha256(part10).hexdigest() != file.sha256:
            message = (
                f"The object file {file.path} is damaged: its digest has changed. Restore it from a backup."
            )
            raise DigestMismatch(message)
        return part10

    def sweep(self, *, older_than: timedelta = ABANDONED_AFTER) -> int:
        """Remove temporary files whose writer died; give their number.

        A file of this host counts as abandoned as soon as its process is gone, any other after
        ``older_than``.
        """
        swept = 0
        for temporary in self._temporary.glob(f"*{_TEMPORARY_SUFFIX}"):
            with suppress(FileNotFoundError):
                if _writer_is_gone(temporary) or _age_s(temporary) > older_than.total_seconds():
                    temporary.unlink()
                    swept += 1
        return swept

    def _prepare(self) -> None:
        # Every folder is made and durable before the first file, so that a write need only sync its own
        # folder.
        with self._preparing:
            if not self._is_prepared:
                _make_folder(self._root)
                for name in (_TEMPORARY, *(f"{number:02x}" for number in range(256))):
                    (self._root / name).mkdir(mode=0o700, exist_ok=True)
                _sync_folder(self._root)
                self._is_prepared = True

    def _refusal(self, error: OSError) -> StorageFull | ObjectNotWritten:
        if error.errno in _DISK_FULL:
            return StorageFull(f"The disk of {self._root} is full; free some space on it.")
        return ObjectNotWritten(f"The object store {self._root} cannot be written: {error.strerror}.")


def _write_durably(part10: bytes | bytearray | memoryview, temporary: Path, final: Path) -> None:
    with temporary.open("xb") as file:
        file.write(part10)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(final)
    _sync_folder(final.parent)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _writer_is_gone(temporary: Path) -> bool:
    writer = _WRITER.match(temporary.name)
    if writer is None or writer["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(writer["process"]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _age_s(temporary: Path) -> float:
    return time.time() - temporary.stat().st_mtime
