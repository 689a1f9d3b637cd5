"""From a film's grid to a network's square input, and from the network's answer back to the film's grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

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


def to_film(square: NDArray[np.float32], fit: Fit, *, nearest: bool = False) -> NDArray[np.float32]:
    """Resample the film's part of a square back to the film's own grid: the inverse of `to_square`.

    Returns
    -------
    ndarray
        float32 (rows, columns) of the film.
    """
    content = square[fit.top : fit.top + fit.rows, fit.left : fit.left + fit.columns]
    return _resample(content, fit.source, nearest=nearest)


def crop_to_square(pixels: NDArray[np.float32], box: Box, size: int) -> NDArray[np.float32]:
    """Resample a box of the film, which may reach over its edge (0 there), to (size, size)."""
    top, left, bottom, right = (round(edge) for edge in box)
    rows, columns = pixels.shape
    inside = pixels[max(top, 0) : min(bottom, rows), max(left, 0) : min(right, columns)]
    padding = ((max(-top, 0), max(bottom - rows, 0)), (max(-left, 0), max(right - columns, 0)))
    return _resample(np.pad(inside, padding), (size, size))


def hide_outside(pixels: NDArray[np.float32], outside: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    """Paint padding and the shutter black."""
    return pixels if outside is None else np.where(outside, np.float32(0), pixels)


def _resample(
    pixels: NDArray[np.float32], shape: tuple[int, int], *, nearest: bool = False
) -> NDArray[np.float32]:
    if pixels.shape == shape:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels, np.float32))
    size = (shape[1], shape[0])
    if nearest:
        return np.asarray(image.resize(size, Image.Resampling.NEAREST), np.float32)
    # The triangle filter of a shrinking resize spans two target pixels; reducing first is 4x faster.
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0), np.float32)
