"""The index of films: one CSV, one row a film, paths relative to its folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from train.data.cells import Row, read_rows, write_rows
from train.errors import UnusableIndex

INDEX_NAME = "index.csv"
REQUIRED = ("filepath", "rds", "exist_json", "roi_area", "height", "width", "patient", "split")
"""The columns of the source paper, and the two without which nothing can be held apart."""
OPTIONAL = (
    "sop_instance_uid",
    "mask",
    "row_spacing_mm",
    "column_spacing_mm",
    "age_days",
    "sex",
    "provenance",
    "digest",
    "perceptual_hash",
)
_KNOWN = frozenset((*REQUIRED, *OPTIONAL))


@dataclass(frozen=True, slots=True)
class IndexedFilm:
    """One row of the index.

    Attributes
    ----------
    path
        DICOM film, or grey PNG, JPEG or TIFF.
    mask
        Outline of the lungs on the film's grid: PNG, labelme JSON or DICOM SEG (`train.data.masks`).
    patient
        Same text for every film of one baby; a pseudonym where the film is DICOM.
    rds
        None when the film has no label.
    roi_area
        Lung pixels on the film's grid; 0 without a mask.
    shape
        Rows and columns.
    spacing_mm
        Between rows and between columns; None when unknown.
    split
        ``train``, ``val``, ``test`` or the name of another test set.
    provenance
        Where the film and its label come from. Holds SYNTHETIC when the film is simulated or painted on,
        STAND-IN when the label is not respiratory distress syndrome.
    digest
        SHA-256 of the picture, see `train.data.pictures.digest_of`.
    perceptual_hash
        See `train.data.lookalikes.perceptual_hash`.
    attributes
        Every further column by its name, as text: ``grade``, ``vendor``, ``weeks``...
    """

    path: Path
    mask: Path | None
    patient: str
    rds: bool | None
    roi_area: int
    shape: tuple[int, int]
    spacing_mm: tuple[float, float] | None = None
    age_days: float | None = None
    sex: str = ""
    split: str = ""
    provenance: str = ""
    sop_instance_uid: str = ""
    digest: str = ""
    perceptual_hash: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)


def index_file(path: Path) -> Path:
    """Return the index that a folder, or the path of the file itself, stands for."""
    return path / INDEX_NAME if path.is_dir() else path


def read_index(path: Path) -> list[IndexedFilm]:
    """Read an index.

    Parameters
    ----------
    path
        The CSV, or the folder that holds an ``index.csv``.

    Raises
    ------
    UnusableIndex
        Names the file, the line and the cure: a missing column or file, a number that is none, no film.
    """
    file = index_file(path)
    columns, rows = read_rows(file)
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise UnusableIndex(
            f"{file} lacks the column {missing[0]}; `neolung-train prepare` writes such an index"
        )
    if not rows:
        raise UnusableIndex(f"{file} lists no film; `neolung-train prepare` fills it")
    return [_film(row) for row in rows]


def write_index(path: Path, films: Iterable[IndexedFilm]) -> None:
    """Write an index; every film's paths become relative to the folder of the CSV.

    Parameters
    ----------
    path
        The CSV, or an existing folder that gets an ``index.csv``.
    """
    file = index_file(path)
    rows = [_cells(film, file.parent) for film in films]
    extra = sorted({name for row in rows for name in row} - _KNOWN)
    write_rows(file, [*REQUIRED, *OPTIONAL, *extra], rows)


def _film(row: Row) -> IndexedFilm:
    path, mask = row.path("filepath"), row.path("mask")
    if path is None or not row.text("patient"):
        raise row.wrong("filepath or patient is empty; every film needs both")
    if row.flag("exist_json") != (mask is not None):
        raise row.wrong("exist_json and mask disagree; give the mask, or 0 and no mask")
    return IndexedFilm(
        path=path,
        mask=mask,
        patient=row.text("patient"),
        rds=row.flag("rds"),
        roi_area=row.whole("roi_area", least=0),
        shape=(row.whole("height", least=1), row.whole("width", least=1)),
        spacing_mm=row.spacing(),
        age_days=row.number("age_days"),
        sex=row.text("sex"),
        split=row.text("split"),
        provenance=row.text("provenance"),
        sop_instance_uid=row.text("sop_instance_uid"),
        digest=row.text("digest"),
        perceptual_hash=row.text("perceptual_hash"),
        attributes={name: cell for name, cell in row.cells.items() if name not in _KNOWN},
    )


def _cells(film: IndexedFilm, folder: Path) -> dict[str, object]:
    row_mm, column_mm = film.spacing_mm or ("", "")
    return {
        **film.attributes,
        "filepath": _relative(film.path, folder),
        "rds": "" if film.rds is None else int(film.rds),
        "exist_json": int(film.mask is not None),
        "roi_area": film.roi_area,
        "height": film.shape[0],
        "width": film.shape[1],
        "patient": film.patient,
        "split": film.split,
        "sop_instance_uid": film.sop_instance_uid,
        "mask": "" if film.mask is None else _relative(film.mask, folder),
        "row_spacing_mm": row_mm,
        "column_spacing_mm": column_mm,
        "age_days": "" if film.age_days is None else film.age_days,
        "sex": film.sex,
        "provenance": film.provenance,
        "digest": film.digest,
        "perceptual_hash": film.perceptual_hash,
    }


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
