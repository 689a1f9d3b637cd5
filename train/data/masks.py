"""Lung masks: PNG, labelme JSON or DICOM SEG, all read to the same three values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from train.data.index import IndexedFilm
from train.data.labelme import read_labelme
from train.data.pictures import UNREADABLE_PICTURE, is_dicom, open_picture
from train.data.segmentations import read_segmentation
from train.errors import UnusableIndex

LUNG, IGNORED = 255, 127
"""Values of a PNG mask; 0 is background."""
_VALUES = (0, IGNORED, LUNG)
_LOSSY = (".jpg", ".jpeg")


def read_mask(film: IndexedFilm) -> NDArray[np.uint8]:
    """Read the lungs of an indexed film.

    Returns
    -------
    ndarray
        uint8 (rows, columns): 0 background, 1 lung, 2 not to be counted.

    Raises
    ------
    UnusableIndex
        If the film has no mask, or it cannot be read, or lies on another grid.
    """
    if film.mask is None:
        raise UnusableIndex(f"{film.path} has no mask; leave the film out or draw its lungs")
    mask = read_outline(film.mask, film.sop_instance_uid)
    if mask.shape != film.shape:
        raise UnusableIndex(f"{film.mask} is {mask.shape}, its film {film.shape}; draw it on the film's grid")
    return mask


def read_outline(path: Path, sop_instance_uid: str = "") -> NDArray[np.uint8]:
    """Read a mask of any kind; see `read_mask`."""
    if path.suffix.lower() == ".json":
        return read_labelme(path)
    try:
        if is_dicom(path):
            return read_segmentation(path, sop_instance_uid)
        return _read_png(path)
    except UNREADABLE_PICTURE as error:
        raise UnusableIndex(f"{path} cannot be read as a mask: {error}") from error


def write_mask(path: Path, mask: NDArray[np.uint8]) -> None:
    """Write a mask of 0, 1 and 2 as a PNG of 0, 255 and 127."""
    Image.fromarray(np.array([0, LUNG, IGNORED], np.uint8)[mask]).save(path, "PNG")


def _read_png(path: Path) -> NDArray[np.uint8]:
    if path.suffix.lower() in _LOSSY:
        raise ValueError("JPEG blurs the edges of a mask; save it as PNG")
    with open_picture(path) as picture:
        # A palette only colours the numbers for people.
        plane = picture if picture.mode in ("P", "I", "I;16") else picture.convert("L")
        values = np.asarray(plane)
    if values.max() == 1:
        return np.asarray(values == 1, np.uint8)
    strange = ~np.isin(values, _VALUES)
    if strange.any():
        raise ValueError(
            f"{int(strange.sum())} pixels such as {values[strange][0]} are none of 0 background, "
            f"{IGNORED} not counted, {LUNG} lung; draw it without smoothing"
        )
    return np.asarray(np.where(values == LUNG, 1, np.where(values == IGNORED, 2, 0)), np.uint8)
