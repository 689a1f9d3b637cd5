"""From a film's grid to a network's square input, and from the network's answer back to the film's grid.

Squares are upright (patient's right at the left of the image) wherever the film's orientation is known; films
stay as they are stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.values import Orientation

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

    @property
    def pixels_per_film_pixel(self) -> float:
        """Scale between the film and the square, mean of both directions."""
        return 0.5 * (self.rows / self.source[0] + self.columns / self.source[1])


def fit_film(shape: tuple[int, int], size: int, fit: Literal["letterbox", "stretch"] = "letterbox") -> Fit:
    """Place a film in a square: ``letterbox`` keeps the aspect and centres, ``stretch`` fills."""
    if fit == "stretch":
        return Fit(shape, size, 0, 0, size, size)
    scale = size / max(shape)
    rows, columns = (max(1, min(size, round(length * scale))) for length in shape)
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
    """Resample a square box of the film, which may reach over its edge (0 there), to (size, size)."""
    top, left, bottom, right = (round(edge) for edge in box)
    rows, columns = pixels.shape
    inside = pixels[max(top, 0) : min(bottom, rows), max(left, 0) : min(right, columns)]
    padding = ((max(-top, 0), max(bottom - rows, 0)), (max(-left, 0), max(right - columns, 0)))
    return _resample(np.pad(inside, padding), (size, size))


def turn_upright(
    square: NDArray[np.float32], orientation: Orientation, extra_turns: int = 0
) -> NDArray[np.float32]:
    """Mirror and turn the last two axes as the orientation says, then ``extra_turns`` quarters more."""
    mirrored = square[..., ::-1] if orientation.mirrored else square
    turned = np.rot90(mirrored, orientation.quarter_turns + extra_turns, axes=(-2, -1))
    return np.ascontiguousarray(turned)


def turn_back(
    square: NDArray[np.float32], orientation: Orientation, extra_turns: int = 0
) -> NDArray[np.float32]:
    """Undo `turn_upright`."""
    turned = np.rot90(square, -(orientation.quarter_turns + extra_turns), axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if orientation.mirrored else turned)


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
