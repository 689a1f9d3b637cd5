"""Object files are durable, checked, and leave nothing behind."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from storage.errors import DigestMismatch, ObjectMissing, ObjectNotWritten, StorageFailed, StorageFull
from storage.objects import ObjectStore
from storage.values import StoredFile

FILM = b"DICM" + bytes(range(256)) * 40


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return ObjectStore(tmp_path / "var" / "objects")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_read_back_as_it_was_written(store: ObjectStore) -> None:
    file = store.write(FILM)

    assert store.read(file) == FILM
    assert file == StoredFile(f"{file.sha256[:2]}/{file.sha256}.dcm", sha256(FILM).hexdigest(), len(FILM))


def test_the_same_bytes_make_one_file(store: ObjectStore, tmp_path: Path) -> None:
    first = store.write(FILM)
    again = store.write(memoryview(FILM))

    assert again == first
    assert files_in(tmp_path) == [store.path(first)]


def test_writing_the_same_bytes_again_heals_a_damaged_file(store: ObjectStore) -> None:
    file = store.write(FILM)
    store.path(file).write_bytes(b"damaged")
    store.write(FILM)

    assert store.read(file) == FILM


def test_a_damaged_file_is_not_given_out(store: ObjectStore) -> None:
    file = store.write(FILM)
    store.path(file).write_bytes(FILM[:-1] + b"!")

    with pytest.raises(DigestMismatch, match=file.sha256):
        store.read(file)


def test_a_lost_file_is_named(store: ObjectStore) -> None:
    file = store.write(FILM)
    store.path(file).unlink()

    with pytest.raises(ObjectMissing, match=file.path):
        store.read(file)


def test_only_the_owner_may_read_the_files(store: ObjectStore) -> None:
    path = store.path(store.write(FILM))

    assert path.parent.stat().st_mode & 0o077 == 0
    assert path.parent.parent.stat().st_mode & 0o077 == 0


def test_bytes_folder_and_new_parent_folders_are_synced_before_write_returns(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    final = store.path(store.write(FILM))

    root = tmp_path / "var" / "objects"
    assert synced[:3] == [tmp_path, tmp_path / "var", root]
    assert synced[3].parent == root / "tmp"
    assert synced[4:] == [final.parent]


@pytest.mark.parametrize(
    ("code", "refusal"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EIO, ObjectNotWritten)],
)
def test_a_disk_that_refuses_leaves_nothing_behind(
    store: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    refusal: type[StorageFailed],
) -> None:
    store.write(b"another")

    def refuse(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(refusal):
        store.write(FILM)

    assert len(files_in(tmp_path)) == 1


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_file_that_cannot_be_written_whole_is_not_there_at_all(store: ObjectStore, tmp_path: Path) -> None:
    with largest_file(4096), pytest.raises(ObjectNotWritten):
        store.write(FILM)

    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ObjectNotWritten, match="file/objects"):
        ObjectStore(tmp_path / "file" / "objects").write(FILM)


def leftover(store: ObjectStore, name: str) -> Path:
    store.write(FILM)
    path = store.path(f"tmp/{name}")
    path.touch()
    return path


def dead_process() -> int:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    return child


@pytest.mark.parametrize(
    ("writer", "is_swept"),
    [
        (lambda: f"{os.uname().nodename}.{dead_process()}", True),
        (lambda: f"{os.uname().nodename}.{os.getpid()}", False),
        (lambda: f"another.host.{os.getpid()}", False),
        (lambda: "a.b", False),
    ],
)
def test_sweeping_removes_the_temporary_files_of_dead_writers_only(
    store: ObjectStore, writer: Callable[[], str], *, is_swept: bool
) -> None:
    path = leftover(store, f"{writer()}.0123.part")

    assert store.sweep() == is_swept
    assert path.exists() is not is_swept


def test_sweeping_removes_what_is_too_old_to_be_in_use(store: ObjectStore) -> None:
    path = leftover(store, "another.host.1.0123.part")
    os.utime(path, (0, 0))

    assert store.sweep(older_than=timedelta(hours=1)) == 1


def test_sweeping_before_the_first_write_is_no_error(store: ObjectStore) -> None:
    assert store.sweep() == 0
