"""Pixels of films: DICOM decoded as the node does, PNG, JPEG and TIFF on the same grey scale."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from pipeline.attributes import UNREADABLE
from pipeline.errors import PipelineError
from pipeline.part10 import read_part10
from pipeline.pixels.description import PixelLimits
from pipeline.pixels.grayscale import GreyScale
from pipeline.radiograph import read_radiograph
from pipeline.values import Orientation, Radiograph
from train.data.index import IndexedFilm
from train.errors import UnusableIndex

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
"""Suffixes of films that are no DICOM files."""
LIMITS = PixelLimits(min_side=32)
"""Smaller than what the node judges, so that public collections of small pictures can be learnt from."""
UNREADABLE_PICTURE = (*UNREADABLE, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises on damaged files."""
_PERCENTILES = (0.5, 99.5)
_MAGIC, _MAGIC_AT = b"DICM", 128


def read_pixels(film: IndexedFilm, grey: GreyScale = GreyScale.RECOMMENDED) -> NDArray[np.float32]:
    """Decode an indexed film.

    Parameters
    ----------
    grey
        RECOMMENDED: percentiles 0.5 and 99.5 inside the field become 0 and 1, in floating point, as when
        serving. PAPER: least and greatest become 0 and 1, in 8 bits, after the VOI LUT or window of a DICOM
        film.

    Returns
    -------
    ndarray
        float32 (rows, columns) in [0, 1], bone white.

    Raises
    ------
    UnusableIndex
        If the film cannot be decoded or no longer has the size that the index states.
    """
    pixels = decode(film.path, grey).pixels
    if pixels.shape != film.shape:
        raise UnusableIndex(
            f"{film.path} is {pixels.shape}, its index says {film.shape}; prepare the films again"
        )
    return pixels


def decode(path: Path, grey: GreyScale = GreyScale.RECOMMENDED) -> Radiograph:
    """Decode a file; a picture that is no DICOM file has an empty header and no known spacing.

    Raises
    ------
    UnusableIndex
        Names the file and what is wrong with it.
    """
    try:
        if is_dicom(path):
            return read_radiograph(read_part10(path), grey=grey, limits=LIMITS)
        return Radiograph(_scale(_read_picture(path), grey), None, None, Orientation(), Dataset())
    except PipelineError as error:
        raise UnusableIndex(f"{path}: {error}") from error
    except UNREADABLE_PICTURE as error:
        raise UnusableIndex(f"{path} cannot be read as a picture: {error}") from error


def is_dicom(path: Path) -> bool:
    """Whether a file is a DICOM file, by its first bytes; a picture's suffix spares looking."""
    if path.suffix.lower() in PICTURES:
        return False
    with path.open("rb") as stream:
        return stream.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC


def open_picture(path: Path) -> Image.Image:
    """Open a picture without decoding it; ValueError for one larger than films are."""
    picture = Image.open(path)
    if max(picture.size) > LIMITS.max_side or min(picture.size) < LIMITS.min_side:
        picture.close()
        columns, rows = picture.size
        raise ValueError(f"{rows} x {columns} pixels; {LIMITS.min_side} to {LIMITS.max_side} a side are read")
    return picture


def _read_picture(path: Path) -> NDArray[np.float32]:
    with open_picture(path) as picture:
        grey = picture if picture.mode.startswith(("I", "F")) else picture.convert("L")
        values = np.asarray(grey, np.float32)
    if not np.isfinite(values).all():
        raise ValueError("it holds pixels that are not a number (NaN) or infinite; write it again without")
    return values


def _scale(values: NDArray[np.float32], grey: GreyScale) -> NDArray[np.float32]:
    if grey != GreyScale.PAPER:
        return stretch(values)
    low, high = float(values.min()), float(values.max())
    return np.asarray(np.rint((values - low) * (255 / max(high - low, 1e-6))) / 255, np.float32)


def stretch(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch the 0.5 to 99.5 percentile range to [0, 1], clipping the rest."""
    low, high = np.percentile(pixels, _PERCENTILES)
    return np.asarray(np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1), np.float32)


def digest_of(pixels: NDArray[np.float32]) -> str:
    """Return the SHA-256 of a picture's size and of its grey values in 16 bits.

    The same picture in another file, or losslessly compressed in another way, has the same digest.
    """
    rows, columns = pixels.shape
    values = np.rint(pixels * 65535).astype("<u2")
    return sha256(f"{rows} {columns} ".encode() + values.tobytes()).hexdigest()
