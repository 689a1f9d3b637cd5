"""Films that ship with the demonstration, each time as a new patient: anatomy that the models judge."""

from typing import Any

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from node.demo.story import FILMS
from tests.support.films import make_film

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


def large_judged_film(rows: int = 2600, columns: int = 2160) -> Dataset:
    """Enlarge one of the films to a detector's size, 12 bits, uncompressed."""
    small = dcmread(FILMS / f"{JUDGED[0]}.dcm").pixel_array.astype(np.float32)
    large = Image.fromarray(small).resize((columns, rows), Image.Resampling.BICUBIC)
    values = np.clip(np.asarray(large) * 16, 0, 4095).astype(np.int64)
    return make_film(stored_values=values, bits_stored=12, ImagerPixelSpacing=[0.05, 0.05])
