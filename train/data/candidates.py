"""Films that may become rows of the index, gathered from folders or from a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from train.data.cells import Row
from train.data.describe import Candidate
from train.data.folder import FoundFilm, FoundOutline, files_below, look_at
from train.data.label_book import LabelBook
from train.data.labels import Label, Vocabulary, read_label, read_renamed
from train.data.many import Rejection, each
from train.data.outline_book import OutlineBook
from train.errors import UnusableIndex

STAND_IN = "STAND-IN label"


@dataclass(frozen=True, slots=True)
class Source:
    """Where films, outlines and labels come from; either ``folder`` or ``table`` is given.

    Attributes
    ----------
    folder
        Of films; with a table, what its paths are relative to (else the table's own folder).
    masks
        Folder of outlines, where they do not lie beside the films.
    labels
        CSV of labels for a folder.
    columns
        The index's name of a column to the table's or the label file's.
    keep
        Further columns of the table that become columns of the index.
    patient_pattern
        Its first group, found in a film's path below the folder, is the patient.
    stand_in
        Whether the label stands in for respiratory distress syndrome.
    """

    folder: Path | None = None
    table: Path | None = None
    masks: Path | None = None
    labels: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    patient_pattern: re.Pattern[str] | None = None
    provenance: str = ""
    stand_in: bool = False

    def origin(self, stated: str = "") -> str:
        """Return the provenance of a row."""
        return "; ".join(filter(None, (stated, self.provenance, STAND_IN if self.stand_in else "")))


Gathered = tuple[list[tuple[str, Candidate]], list[Rejection]]
"""Candidates with what to call them in messages, and what was turned away."""


def gather(source: Source, console: Console) -> Gathered:
    """Find the candidates of a source.

    Raises
    ------
    UnusableIndex
        If nothing at all can be found, or a table or label file cannot be read.
    """
    found = _from_table(source) if source.table is not None else _from_folder(source, console)
    if not found[0] and not found[1]:
        raise UnusableIndex(
            f"{source.table or source.folder} lists no film; name the folder or table of films"
        )
    return found


def _from_table(source: Source) -> Gathered:
    assert source.table is not None
    present, rows = read_renamed(source.table, source.columns, source.keep)
    if "filepath" not in present:
        raise UnusableIndex(f"{source.table} has no column of films; name it: --column filepath=NAME")
    kept: list[tuple[str, Candidate]] = []
    rejected: list[Rejection] = []
    for row in rows:
        place = f"{source.table.name}, line {row.line}"
        try:
            kept.append((place, _of_row(row, source)))
        except UnusableIndex as error:
            rejected.append(Rejection(place, str(error)))
    return kept, rejected


def _of_row(row: Row, source: Source) -> Candidate:
    path = row.path("filepath", source.folder)
    if path is None:
        raise row.wrong("no film is named; give its path")
    mask = row.path("mask", source.folder)
    if mask is None and row.text("exist_json") in ("1", "True", "true"):
        mask = path.with_suffix(".json")
    label = read_label(row, source.vocabulary)
    return Candidate(
        path=path,
        mask=mask,
        patient=label.patient or _patient(Path(row.text("filepath")), source),
        rds=label.rds,
        spacing_mm=row.spacing(),
        age_days=label.age_days,
        sex=label.sex,
        split=row.text("split"),
        provenance=source.origin(row.text("provenance")),
        sop_instance_uid=row.text("sop_instance_uid"),
        attributes={**{name: row.text(name) for name in source.keep}, **label.attributes},
    )


def _from_folder(source: Source, console: Console) -> Gathered:
    assert source.folder is not None
    files, rejected = _look_through(source.folder, console)
    films = [file for file in files if isinstance(file, FoundFilm)]
    outlines = [file for file in files if isinstance(file, FoundOutline)]
    if source.masks is not None:
        drawn, more = _look_through(source.masks, console, only_outlines=True)
        outlines = [file for file in drawn if isinstance(file, FoundOutline)]
        rejected += more
    outline_book = OutlineBook(outlines, films)
    label_book = LabelBook(_label_rows(source), films)
    kept: list[tuple[str, Candidate]] = []
    for film in films:
        place = film.relative.as_posix()
        try:
            kept.append((place, _of_film(film, outline_book, label_book, source)))
        except UnusableIndex as error:
            rejected.append(Rejection(place, str(error)))
    rejected += [
        Rejection(one.relative.as_posix(), "an outline of no film here") for one in outline_book.unused()
    ]
    rejected += [Rejection(row.place, "a label of no film here") for row in label_book.unused()]
    return kept, rejected


def _look_through(
    folder: Path, console: Console, *, only_outlines: bool = False
) -> tuple[list[FoundFilm | FoundOutline], list[Rejection]]:
    found, rejected = each(
        f"Looking through {folder.name}",
        lambda path: look_at(path, folder, only_outlines=only_outlines),
        list(files_below(folder)),
        name=lambda path: path.relative_to(folder).as_posix(),
        console=console,
    )
    return [file for _, file in found if file is not None], rejected


def _label_rows(source: Source) -> list[Row]:
    if source.labels is None:
        return []
    present, rows = read_renamed(source.labels, source.columns)
    if not present & {"sop_instance_uid", "accession_number", "filepath"}:
        raise UnusableIndex(
            f"{source.labels} has no column that names films; "
            "it needs sop_instance_uid, accession_number or filepath"
        )
    if not present & {"rds", "grade"}:
        raise UnusableIndex(f"{source.labels} has no column rds; name it: --column rds=NAME")
    return rows


def _of_film(film: FoundFilm, outlines: OutlineBook, labels: LabelBook, source: Source) -> Candidate:
    outline, row = outlines.find(film), labels.find(film)
    label = Label() if row is None else read_label(row, source.vocabulary)
    return Candidate(
        path=film.path,
        mask=None if outline is None else outline.path,
        patient=label.patient or _patient(film.relative, source),
        rds=label.rds,
        age_days=label.age_days,
        sex=label.sex,
        provenance=source.origin(),
        attributes=label.attributes,
    )


def _patient(relative: Path, source: Source) -> str:
    if source.patient_pattern is None:
        return ""
    found = source.patient_pattern.search(relative.as_posix())
    if found is None:
        raise UnusableIndex(
            f"--patient-pattern {source.patient_pattern.pattern} finds no patient in {relative}"
        )
    return found[1]
