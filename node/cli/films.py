"""Finds and reads DICOM files that a person names on the command line."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from node.errors import NoSuchFilm

if TYPE_CHECKING:
    from pydicom import Dataset


def find_dicom_files(paths: Iterable[Path]) -> list[Path]:
    """List the files named, and those below folders that are Part 10 files, in the order of their names.

    Raises
    ------
    NoSuchFilm
        If a path does not exist, or nothing is found.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise NoSuchFilm(f"{path}: no such file or folder")
        found += sorted(p for p in path.rglob("*") if _is_part10(p)) if path.is_dir() else [path]
    if not found:
        raise NoSuchFilm("no DICOM file found")
    return found


def read_film(path: Path) -> "Dataset":
    """Read one DICOM file; files without the Part 10 preamble are read too where they can be understood.

    Raises
    ------
    NoSuchFilm
        If the file cannot be read or is no DICOM file.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        return dcmread(path)
    except InvalidDicomError as error:
        raise NoSuchFilm(f"{path}: not a DICOM file (no preamble); convert it with dcmconv +F") from error
    except (OSError, ValueError, AttributeError, KeyError) as error:
        raise NoSuchFilm(f"{path}: cannot be read: {error}") from error


def _is_part10(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        file.seek(128)
        return file.read(4) == b"DICM"
