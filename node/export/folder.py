"""The folder of an export: recognised by its journal, written so that no reader sees half a file."""

import errno
import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from node.errors import ExportFailed, ExportRefused, in_words
from node.export.index import Row

JOURNAL, INDEX, EXCLUDED, REPORT = "journal.jsonl", "index.csv", "excluded.csv", "report.json"
FILMS, MASKS = "films", "masks"
_PARTIAL = ".partial"
_NEXT_JOURNAL = JOURNAL + ".next"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one film; a line of the journal.

    Attributes
    ----------
    film
        Its name in the export.
    state
        Changes with everything that its files and row follow from.
    row
        Of the index; None when it is excluded.
    reason
        Why it is excluded, or is without its outline.
    files
        Relative paths.
    tally
        Attribute to what was done to it to how often.
    """

    film: str
    state: str
    row: Row | None = None
    reason: str = ""
    files: tuple[str, ...] = ()
    tally: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


class ExportFolder:
    """A folder that one export at a time writes.

    Parameters
    ----------
    settings
        Everything that all its films follow from; a folder that was begun with others is refused.
    """

    def __init__(self, path: Path, settings: Mapping[str, object]) -> None:
        self.path = path
        self._settings = json.dumps(dict(settings), sort_keys=True)
        self._held = ExitStack()

    @contextmanager
    def opened(self) -> Iterator[dict[str, Entry]]:
        """Make or recognise the folder, keep others out, and give what its journal already holds.

        Raises
        ------
        ExportRefused
            If it holds something else, was begun with other settings, or another export writes it.
        ExportFailed
            If the disk is full or refuses.
        """
        with as_failure(self.path), self._held:
            self._require_own()
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock(self.path / JOURNAL)
            yield self._read()

    def note(self, entry: Entry) -> None:
        """Append a line to the journal, durably."""
        with (self.path / JOURNAL).open("a", encoding="ascii") as journal:
            journal.write(json.dumps(asdict(entry)) + "\n")
            journal.flush()
            os.fsync(journal.fileno())

    def rewrite(self, entries: Iterable[Entry]) -> None:
        """Put a journal of these entries only in the place of the old one, as a whole or not at all."""
        lines = [self._settings, *(json.dumps(asdict(entry)) for entry in entries)]
        self.write(_NEXT_JOURNAL, "".join(f"{line}\n" for line in lines).encode("ascii"))
        following = self.path / _NEXT_JOURNAL
        self._lock(following)  # before it is the journal, so that nobody comes in between
        following.replace(self.path / JOURNAL)

    def write(self, relative: str, content: bytes) -> None:
        """Write a file as a whole or not at all."""
        path = self.path / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + _PARTIAL)
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise

    def holds(self, entry: Entry) -> bool:
        """Whether all files of an entry are there."""
        return all((self.path / relative).is_file() for relative in entry.files)

    def remove_others(self, wanted: set[str]) -> None:
        """Remove files of films that are no longer part of the export, and what was never finished."""
        for folder in (FILMS, MASKS):
            for path in sorted((self.path / folder).rglob("*"), reverse=True):
                if path.is_dir():
                    if not any(path.iterdir()):
                        path.rmdir()
                elif path.relative_to(self.path).as_posix() not in wanted:
                    path.unlink()

    def withdraw(self) -> None:
        """Remove the tables of an earlier run, until this one has passed its check."""
        for name in (INDEX, EXCLUDED, REPORT):
            (self.path / name).unlink(missing_ok=True)

    def _require_own(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise ExportRefused(f"{self.path} is a file; name a folder")
        if self.path.is_dir() and any(self.path.iterdir()) and not (self.path / JOURNAL).is_file():
            raise ExportRefused(f"{self.path} holds something else; name a new or an empty folder")

    def _lock(self, path: Path) -> None:
        """Keep other exports out for as long as the folder is open."""
        refused = ExportRefused(f"another export writes {self.path}; wait until it is done")
        file = self._held.enter_context(path.open("a", encoding="ascii"))
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise refused from error
        if not os.path.samestat(os.fstat(file.fileno()), path.stat()):  # rewritten by one that has just ended
            raise refused

    def _read(self) -> dict[str, Entry]:
        path = self.path / JOURNAL
        lines = path.read_text(encoding="ascii").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        if len(whole) < len(lines):  # the line that was being written when the last run was killed
            path.write_text("".join(whole), encoding="ascii")
        if not whole:
            path.write_text(self._settings + "\n", encoding="ascii")
            return {}
        if whole[0].strip() != self._settings:
            raise ExportRefused(
                f"{self.path} was begun with another key, other borders or another mode; name a new folder"
            )
        entries = [_entry(json.loads(line)) for line in whole[1:]]
        return {entry.film: entry for entry in entries}


@contextmanager
def as_failure(path: Path) -> Iterator[None]:
    """Say in words what the operating system refused."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise ExportFailed(
                f"the disk of {path} is full; free some space and give the same command again: it goes on "
                "where it stopped"
            ) from error
        raise ExportFailed(f"the export cannot be written; {in_words(error)}") from error


def _entry(values: dict[str, object]) -> Entry:
    files = values.pop("files")
    assert isinstance(files, list)
    return Entry(**values, files=tuple(files))  # type: ignore[arg-type]
