"""Columns and values of the tables that hospitals and collections make, in the words of the index."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from train.data.cells import Row, read_rows
from train.errors import UnusableIndex

YES = frozenset({"1", "1.0", "yes", "y", "true", "t", "rds"})
NO = frozenset({"0", "0.0", "no", "n", "false", "f"})
_GRADES = {
    "": "",
    "0": "0",
    "1": "1",
    "2": "2",
    "3": "3",
    "4": "4",
    "i": "1",
    "ii": "2",
    "iii": "3",
    "iv": "4",
}
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "sop_instance_uid": ("sopinstanceuid", "sopuid", "imageuid", "instanceuid"),
    "accession_number": ("accessionnumber", "accession", "accessionno"),
    "filepath": ("filepath", "file", "filename", "path", "image"),
    "mask": ("mask", "maskpath", "outline", "maskfile"),
    "rds": ("rds", "isrds", "hasrds"),
    "grade": ("grade", "rdsgrade"),
    "patient": ("patient", "patientid"),
    "split": ("split", "set", "fold"),
    "age_days": ("agedays",),
    "sex": ("sex", "patientsex"),
    "row_spacing_mm": ("rowspacingmm",),
    "column_spacing_mm": ("columnspacingmm",),
    "exist_json": ("existjson",),
    "provenance": ("provenance",),
}
"""What the index calls a column, and what else it is taken from, without case and punctuation."""
LABEL_COLUMNS = ("rds", "grade", "patient", "age_days", "sex")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which values of a label mean what, all in lower case.

    Attributes
    ----------
    unlabelled
        Values that leave a film without a label; an empty cell always does.
    """

    positive: frozenset[str] = YES
    negative: frozenset[str] = NO
    unlabelled: frozenset[str] = frozenset()

    def meaning(self, row: Row, name: str = "rds") -> bool | None:
        """Return the label of a row.

        Raises
        ------
        UnusableIndex
            If the value is none of the known ones.
        """
        value = row.text(name).lower()
        if value in self.positive:
            return True
        if value in self.negative:
            return False
        if not value or value in self.unlabelled:
            return None
        raise row.wrong(
            f"{row.text(name)!r} is an unknown label; known are {_some(self.positive)} for yes and "
            f"{_some(self.negative)} for no (--positive, --negative, --unlabelled name others)"
        )


@dataclass(frozen=True, slots=True)
class Label:
    """What a row says of a film.

    Attributes
    ----------
    rds
        None when the row leaves it open.
    attributes
        ``grade``, 1 to 4, where it is given.
    """

    rds: bool | None = None
    patient: str = ""
    age_days: float | None = None
    sex: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)


def read_label(row: Row, vocabulary: Vocabulary) -> Label:
    """Understand a row whose columns have the index's names.

    Raises
    ------
    UnusableIndex
        For an unknown label, a grade that is none, or a grade that contradicts the label.
    """
    rds, grade = vocabulary.meaning(row), _GRADES.get(row.text("grade").lower())
    if grade is None:
        raise row.wrong(f"grade is {row.text('grade')!r}; it must be 1 to 4, I to IV, or empty")
    if grade and rds is not None and (grade != "0") != rds:
        raise row.wrong(f"grade {grade} contradicts the label {row.text('rds')!r}; correct one of them")
    if grade and rds is None:
        rds = grade != "0"
    return Label(
        rds=rds,
        patient=row.text("patient"),
        age_days=row.number("age_days"),
        sex=row.text("sex")[:1].upper(),
        attributes={"grade": grade} if grade not in ("", "0") else {},
    )


def read_renamed(
    file: Path, renamed: Mapping[str, str] | None = None, keep: Iterable[str] = ()
) -> tuple[frozenset[str], list[Row]]:
    """Read a table and give its columns the index's names.

    Parameters
    ----------
    renamed
        The index's name of a column to the table's; what is not here is found by its usual spellings.
    keep
        Columns that must be there, and keep their names.

    Returns
    -------
    tuple
        The index's names that are there, and the rows.

    Raises
    ------
    UnusableIndex
        If the table cannot be read, lists nothing, or lacks a column that was named.
    """
    columns, rows = read_rows(file)
    if not rows:
        raise UnusableIndex(f"{file} has a line of column names and no row below it; fill it")
    chosen = dict(renamed or {})
    for column in (*chosen.values(), *keep):
        if column not in columns:
            raise UnusableIndex(f"{file} has no column {column!r}; it has {', '.join(columns)}")
    plain = {_plain(column): column for column in reversed(columns)}
    for name, spellings in SYNONYMS.items():
        found = next((plain[spelling] for spelling in spellings if spelling in plain), None)
        if found is not None:
            chosen.setdefault(name, found)
    kept = {column: column for column in keep}
    return frozenset(chosen), [_rename(row, {**kept, **chosen}) for row in rows]


def _rename(row: Row, chosen: Mapping[str, str]) -> Row:
    return Row(row.file, row.line, {name: row.text(column) for name, column in chosen.items()})


def _plain(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


def _some(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))
