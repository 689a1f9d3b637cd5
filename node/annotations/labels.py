"""A CSV of labels: which film, or which study, has the finding, and of which grade."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from node.errors import LabelsUnusable, in_words
from pipeline.annotations import LARGEST_GRADE
from storage.annotations import Channel, FilmAnnotation, add_annotations, moment_said
from storage.events import add_event
from storage.films import films_of_accession
from storage.instances import find_instance
from storage.ledger import Ledger

FILM, ACCESSION, RDS, GRADE, AUTHOR, SAID_AT = (
    "sop_instance_uid",
    "accession",
    "rds",
    "grade",
    "author",
    "date",
)
_YES = frozenset({"1", "yes", "y", "true", "present", "positive"})
_NO = frozenset({"0", "no", "n", "false", "absent", "negative"})


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a table.

    Attributes
    ----------
    unknown
        Line numbers of films that are not here, named by UID: what is said of them is kept until they come.
    lost
        Line numbers of accessions of which no film is here: nothing is kept of them.
    """

    rows: int
    films: int
    added: int
    unknown: tuple[int, ...]
    lost: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    film: str
    accession: str
    rds: bool
    grade: int | None
    author: str
    said_at: str

    def note(self, film_uid: str) -> FilmAnnotation:
        return FilmAnnotation(
            film_uid=film_uid,
            channel=Channel.TABLE,
            rds=self.rds,
            grade=self.grade,
            author=self.author,
            said_at=self.said_at,
        )


def import_labels(ledger: Ledger, path: Path, by: str) -> Imported:
    """Take in a table of labels, all of it or nothing.

    Parameters
    ----------
    by
        Who imports; the author of rows that name none.

    Raises
    ------
    LabelsUnusable
        Names file, line and column, and what is allowed there.
    """
    rows = list(_read(path, by))
    films, unknown, lost, notes = set[str](), list[int](), list[int](), list[FilmAnnotation]()
    with ledger.begin() as connection:
        for row in rows:
            if row.film:
                found = [row.film]
                is_here = find_instance(connection, row.film) is not None
            else:
                found = films_of_accession(connection, row.accession)
                is_here = bool(found)
            if not is_here:
                (unknown if row.film else lost).append(row.line)
            films.update(found)
            notes += [row.note(film) for film in found]
        added = add_annotations(connection, notes)
        detail = f"{len(rows)} rows, {added} new annotations, by {by}"
        add_event(connection, "labels imported", subject=path.name, detail=detail)
    return Imported(len(rows), len(films), added, tuple(unknown), tuple(lost))


def _read(path: Path, by: str) -> Iterator[_Row]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            if len(columns) == 1 and ";" in columns[0]:
                raise LabelsUnusable(f"{path} parts its columns by semicolons; save it with commas")
            if RDS not in columns or not {FILM, ACCESSION} & {*columns}:
                raise LabelsUnusable(
                    f"{path} needs the column {RDS}, and {FILM} or {ACCESSION}; it has "
                    f"{', '.join(columns) or 'none'}"
                )
            for cells in reader:
                yield _row(path, reader.line_num, cells, by)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        if isinstance(error, OSError):
            raise LabelsUnusable(f"the labels cannot be read; {in_words(error)}") from error
        raise LabelsUnusable(f"{path} cannot be read ({error}); save the table as CSV in UTF-8") from error


def _row(path: Path, line: int, cells: Mapping[str, str | None], by: str) -> _Row:
    cell = {name: (cells.get(name) or "").strip() for name in (FILM, ACCESSION, RDS, GRADE, AUTHOR, SAID_AT)}
    if not cell[FILM] and not cell[ACCESSION]:
        raise LabelsUnusable(f"{path}, line {line}: {FILM} and {ACCESSION} are both empty; give one")
    answer = cell[RDS].lower()
    if answer not in _YES | _NO:
        raise LabelsUnusable(f"{path}, line {line}, {RDS}: {cell[RDS]!r} is neither yes nor no (1 or 0)")
    grade = _grade(path, line, cell[GRADE])
    if grade is not None and (grade > 0) != (answer in _YES):
        raise LabelsUnusable(
            f"{path}, line {line}: {RDS} {cell[RDS]} and {GRADE} {grade} contradict each other"
        )
    return _Row(
        line=line,
        film=cell[FILM],
        accession=cell[ACCESSION],
        rds=answer in _YES,
        grade=grade or None,
        author=cell[AUTHOR] or by,
        said_at=_said_at(path, line, cell[SAID_AT]),
    )


def _grade(path: Path, line: int, cell: str) -> int | None:
    if not cell:
        return None
    roman = {"I": 1, "II": 2, "III": 3, "IV": 4}
    grade = roman.get(cell.upper(), int(cell) if cell.isascii() and cell.isdigit() else -1)
    if not 0 <= grade <= LARGEST_GRADE:
        raise LabelsUnusable(f"{path}, line {line}, {GRADE}: {cell!r} is no grade from 0 to 4, or I to IV")
    return grade


def _said_at(path: Path, line: int, cell: str) -> str:
    if cell and moment_said(cell) is None:
        raise LabelsUnusable(
            f"{path}, line {line}, {SAID_AT}: {cell!r} is no date; write 2026-03-01, or with a time "
            "2026-03-01T10:15, or with an offset too 2026-03-01T10:15+01:00"
        )
    return cell
