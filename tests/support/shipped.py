"""Films that ship with the demonstration, each time as a new patient: anatomy that the models judge."""

from typing import Any

from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from node.demo.story import FILMS

JUDGED = ("child-clear", "child-haze", "child-white")
"""Films on which the shipped models find both lungs."""


def judged_film(name: str = JUDGED[0], *, decompress: bool = True, **header: Any) -> Dataset:
    """Give one of the films with new UIDs, and any attribute by keyword over its header."""
    film = dcmread(FILMS / f"{name}.dcm")
    if decompress:
        film.decompress(generate_instance_uid=False)
    film.SOPInstanceUID, film.SeriesInstanceUID, film.StudyInstanceUID = (generate_uid() for _ in range(3))
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    for keyword, value in header.items():
        setattr(film, keyword, value)
    return film
