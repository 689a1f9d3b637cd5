"""CSV files that people made: every complaint names the file, the line and the cure."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from train.errors import UnusableIndex


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a CSV file.

    Attributes
    ----------
    line
        Number of the line on which the row ends, the header being 1.
    cells
        Stripped text by the name of the column.
    """

    file: Path
    line: int
    cells: Mapping[str, str]

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.file}, line {self.line}"

    def wrong(self, what: str) -> UnusableIndex:
        """Make the error that names this row."""
        return UnusableIndex(f"{self.place}: {what}")

    def text(self, name: str) -> str:
        """Return a cell; empty where there is no such column."""
        return self.cells.get(name, "")

    def flag(self, name: str) -> bool | None:
        """Return a cell that is 0, 1 or empty."""
        cell = self.text(name)
        if cell not in ("", "0", "1"):
            raise self.wrong(f"{name} is {cell!r}; it must be 0, 1 or empty")
        return bool(int(cell)) if cell else None

    def number(self, name: str) -> float | None:
        """Return a cell that is a finite number from 0 up, or empty."""
        cell = self.text(name)
        try:
            value = float(cell) if cell else None
        except ValueError as error:
            raise self.wrong(f"{name} is {cell!r}, no number; correct it or leave it empty") from error
        if value is not None and not (isfinite(value) and value >= 0):
            raise self.wrong(f"{name} is {cell}; it must be a number from 0 up, or empty")
        return value

    def whole(self, name: str, *, least: int) -> int:
        """Return a cell that is a whole number."""
        value = self.number(name)
        if value is None or value < least or value != int(value):
            raise self.wrong(f"{name} is {self.text(name)!r}; it must be a whole number from {least} up")
        return int(value)

    def spacing(self) -> tuple[float, float] | None:
        """Return the millimetres between rows and between columns; None unless both are given."""
        row_mm, column_mm = self.number("row_spacing_mm"), self.number("column_spacing_mm")
        return (row_mm, column_mm) if row_mm and column_mm else None

    def path(self, name: str, folder: Path | None = None) -> Path | None:
        """Return a cell that is the path of an existing file, or empty.

        Parameters
        ----------
        folder
            What the path is relative to; the folder of the CSV when None.
        """
        cell = self.text(name)
        if not cell:
            return None
        path = Path(os.path.normpath((folder or self.file.parent) / cell))
        if not path.is_file():
            raise self.wrong(f"{path} ({name}) does not exist; put it there, or correct the row")
        return path


def read_rows(file: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Read a CSV file in UTF-8, with or without a byte order mark.

    Returns
    -------
    tuple
        The names of the columns, and the rows.

    Raises
    ------
    UnusableIndex
        If it cannot be read, has no header, or a row has more cells than the header.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except OSError as error:
        raise UnusableIndex(f"{file} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableIndex(f"{file} is no CSV file in UTF-8 ({error}); save it as one") from error
    if not lines:
        raise UnusableIndex(f"{file} is empty; it needs a line of column names and a line for each film")
    columns = tuple(name.strip() for name in lines[0][1])
    return columns, [_row(file, line, columns, cells) for line, cells in lines[1:]]


def _row(file: Path, line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    row = Row(file, line, {name: cell.strip() for name, cell in zip(columns, cells, strict=False)})
    if any(cells[len(columns) :]):
        raise row.wrong("more cells than columns; put quotes around texts with commas")
    return row


def write_rows(file: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a CSV file so that a reader never sees half of it."""
    partial = file.with_suffix(".partial.csv")
    with partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(file)
