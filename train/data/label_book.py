"""RDS labels from a CSV that a hospital made, found by SOP Instance UID, accession number or file name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from train.data.cells import Row
from train.data.folder import FoundFilm
from train.data.labels import LABEL_COLUMNS
from train.errors import UnusableIndex

_NAMES = ("name", "stem")


class LabelBook:
    """The rows of a label file by the films that they speak of.

    A row is found by the most exact of its keys that fits a film: SOP Instance UID, path, name of the file,
    name without suffix, accession number.

    Parameters
    ----------
    rows
        With the index's names for columns: ``sop_instance_uid``, ``filepath``, ``accession_number``.
    films
        All that may ask, so that a file name which fits several of them is noticed.
    """

    def __init__(self, rows: Iterable[Row], films: Iterable[FoundFilm]) -> None:
        self._rows = list(rows)
        self._taken: set[int] = set()
        self._films_of: dict[tuple[str, str], list[Path]] = defaultdict(list)
        for film in films:
            for key in _keys_of_film(film):
                self._films_of[key].append(film.relative)
        self._by_key: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self._rows:
            keys = _keys(row.text("sop_instance_uid"), row.text("accession_number"), row.text("filepath"))
            exact = next((key for key in keys if key in self._films_of), None)
            if exact is not None:
                self._by_key[exact].append(row)

    def find(self, film: FoundFilm) -> Row | None:
        """Return the row of a film, by the most exact key that has one.

        Raises
        ------
        UnusableIndex
            If two rows differ about the film, or a file name in a row fits several films.
        """
        for key in _keys_of_film(film):
            rows = self._by_key.get(key)
            if rows:
                return self._take(rows, key)
        return None

    def unused(self) -> Iterator[Row]:
        """Yield the rows that no film has asked for."""
        return (row for row in self._rows if row.line not in self._taken)

    def _take(self, rows: list[Row], key: tuple[str, str]) -> Row:
        self._taken.update(row.line for row in rows)
        one, *others = rows
        if any(row.text(column) != one.text(column) for row in others for column in LABEL_COLUMNS):
            lines = " and ".join(str(row.line) for row in rows)
            raise UnusableIndex(f"{one.file}, lines {lines} speak of this film and differ; keep one")
        films = self._films_of[key]
        if key[0] in _NAMES and len(films) > 1:
            raise one.wrong(f"{one.text('filepath')} fits {films[0]} and {films[1]}; give their paths")
        return one


def _keys_of_film(film: FoundFilm) -> list[tuple[str, str]]:
    return _keys(film.sop_instance_uid, film.accession_number, film.relative.as_posix())


def _keys(uid: str, accession: str, path: str) -> list[tuple[str, str]]:
    """Give what a film or a row can be found by, the most exact first."""
    posix = Path(path.replace("\\", "/").lower())
    named = [("path", posix.as_posix()), ("name", posix.name), ("stem", posix.stem)] if path else []
    keys = [("sop_instance_uid", uid), *named, ("accession_number", accession)]
    return [key for key in keys if key[1]]
