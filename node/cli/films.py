"""Finds and reads DICOM files that a person names on the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from node.errors import NoSuchFilm, in_words

if TYPE_CHECKING:
    from pydicom import Dataset


def find_dicom_files(paths: Sequence[Path]) -> list[Path]:
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
        raise NoSuchFilm(f"no DICOM file in {', '.join(str(path) for path in paths)}")
    return found


def read_film(path: Path) -> "Dataset":
    """Read one DICOM file.

    Raises
    ------
    NoSuchFilm
        If there is no such file, or it cannot be read, is damaged or no DICOM file.
    """
    from pipeline.errors import PipelineError
    from pipeline.part10 import read_film as read

    if path.is_dir():
        raise NoSuchFilm(f"{path} is a folder; name one DICOM file")
    if not path.is_file():
        raise NoSuchFilm(f"{path}: no such file")
    try:
        return read(path)
    except PipelineError as error:
        raise NoSuchFilm(f"{path}: {error}") from error
    except OSError as error:
        raise NoSuchFilm(in_words(error)) from error


def _is_part10(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        file.seek(128)
        return file.read(4) == b"DICM"
