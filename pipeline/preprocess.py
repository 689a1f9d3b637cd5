"""From a film's grid to a network's square input, and from the network's answer back to the film's grid."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_Pixel = TypeVar("_Pixel", bound=np.generic)
Box = tuple[float, float, float, float]
"""Part of a film: top, left, bottom, right, in pixels, edges not centres; may reach over the film's edge."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a film lies in a square.

    Attributes
    ----------
    source
        Rows and columns of the film.
    size
        Side of the square.
    top, left, rows, columns
        The part of the square that the film fills; the rest is 0.
    """

    source: tuple[int, int]
    size: int
    top: int
    left: int
    rows: int
    columns: int


def fit_film(
    shape: tuple[int, int],
    size: int,
    fit: Literal["letterbox", "stretch"] = "letterbox",
    *,
    aspect: float = 1.0,
) -> Fit:
    """Place a film in a square: ``letterbox`` keeps the aspect and centres, ``stretch`` fills.

    Parameters
    ----------
    aspect
        Height of a film pixel over its width.
    """
    if fit == "stretch":
        return Fit(shape, size, 0, 0, size, size)
    height, width = shape[0] * aspect, float(shape[1])
    scale = size / max(height, width)
    rows, columns = (max(1, min(size, round(length * scale))) for length in (height, width))
    return Fit(shape, size, (size - rows) // 2, (size - columns) // 2, rows, columns)


def to_square(pixels: NDArray[np.float32], fit: Fit) -> NDArray[np.float32]:
    """Resample a film into its place in the square, averaging over the area that a square pixel covers.

    Returns
    -------
    ndarray
        float32 (size, size), 0 beside the film.
    """
    square = np.zeros((fit.size, fit.size), np.float32)
    content = _resample(pixels, (fit.rows, fit.columns))
    square[fit.top : fit.top + fit.rows, fit.left : fit.left + fit.columns] = content
    return square


def to_film(square: NDArray[np.float32], fit: Fit) -> NDArray[np.float32]:
    """Resample the film's part of a square back to the film's own grid: the inverse of `to_square`.

    Returns
    -------
    ndarray
        float32 (rows, columns) of the film.
    """
    return _resample(_content(square, fit), fit.source)


def labels_to_film(square: NDArray[np.uint8], fit: Fit) -> NDArray[np.uint8]:
    """Give each pixel of the film the label that lies there in the square.

    Returns
    -------
    ndarray
        uint8 (rows, columns) of the film.
    """
    image = Image.fromarray(np.ascontiguousarray(_content(square, fit)))
    return np.asarray(image.resize((fit.source[1], fit.source[0]), Image.Resampling.NEAREST))


def crop_to_square(pixels: NDArray[np.float32], box: Box, size: int) -> NDArray[np.float32]:
    """Resample a box of the film, which may reach over its edge (0 there), to (size, size)."""
    top, left, bottom, right = floor(box[0]), floor(box[1]), ceil(box[2]), ceil(box[3])
    rows, columns = pixels.shape
    inside = pixels[max(top, 0) : min(bottom, rows), max(left, 0) : min(right, columns)]
    padding = ((max(-top, 0), max(bottom - rows, 0)), (max(-left, 0), max(right - columns, 0)))
    within = (box[0] - top, box[1] - left, box[2] - top, box[3] - left)
    return _resample(np.pad(inside, padding), (size, size), within)


def hide_outside(pixels: NDArray[np.float32], outside: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """Paint padding and the shutter black."""
    return pixels if outside is None else np.where(outside, np.float32(0), pixels)


def _content(square: NDArray[_Pixel], fit: Fit) -> NDArray[_Pixel]:
    return square[fit.top : fit.top + fit.rows, fit.left : fit.left + fit.columns]


def _resample(
    pixels: NDArray[np.float32], shape: tuple[int, int], within: Box | None = None
) -> NDArray[np.float32]:
    """Resample an image, or a box within it."""
    if pixels.shape == shape and within in (None, (0, 0, *shape)):
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels, np.float32))
    size, box = (shape[1], shape[0]), None if within is None else (within[1], within[0], within[3], within[2])
    # The triangle filter of a shrinking resize spans two target pixels; reducing first is 4x faster.
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box, reducing_gap=2.0), np.float32)
