"""Where things lie on a hybrid film: a newborn's proportions, lung height, bell shape, frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
_REACH = 0.35
"""Height of lung, as a fraction, over which the tissue below gives way before it moves as a whole."""
_LEAST_ROWS = 1.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How a film is bent; the same kind of bend whatever the disease.

    Attributes
    ----------
    flatness
        Height of everything relative to its width, as a newborn's chest is broad: 1 leaves it.
    volume
        Height of the lungs relative to the rest: 1 leaves it, less pulls the diaphragm up.
    bell
        By how much the chest is narrower at the lung apices than at the diaphragm, a fraction.
    give
        How far the tissue just below the lungs is stretched, whatever the volume: 1 leaves it. What the lungs
        lose in height moves everything below them up, so that the texture there does not tell of the loss.
    frame
        Part of the film beyond the lungs that stays: above, below, and at both sides, [0, 1].
    """

    flatness: float = 1.0
    volume: float = 1.0
    bell: float = 0.0
    give: float = 1.0
    frame: tuple[float, float, float] = (1.0, 1.0, 1.0)


def bend(pixels: Plane, lungs: NDArray[np.uint8], shape: Shape) -> tuple[Plane, NDArray[np.uint8]]:
    """Bend a film and its lungs alike, resampled once.

    Parameters
    ----------
    pixels, lungs
        (rows, columns); the lungs hold at least one pixel that is not 0.

    Returns
    -------
    tuple
        Film and lungs on their new grid.
    """
    from scipy.ndimage import map_coordinates

    rows, columns = _places(lungs, shape)
    bent = map_coordinates(pixels, [rows, columns], order=1, mode="nearest", prefilter=False)
    nearest = map_coordinates(lungs, [rows, columns], order=0, mode="constant")
    return np.asarray(bent, np.float32), np.asarray(nearest, np.uint8)


def _places(lungs: NDArray[np.uint8], shape: Shape) -> tuple[Plane, Plane]:
    """Row and column of the stored film that each pixel of the new one shows."""
    held = np.argwhere(lungs)
    (top, left), (bottom, right) = held.min(axis=0), held.max(axis=0)
    height, middle = float(bottom - top + 1), (left + right) / 2
    knots = _knots(float(top), height, lungs.shape[0], shape)
    sides = (shape.frame[2] * left, lungs.shape[1] - 1 - shape.frame[2] * (lungs.shape[1] - 1 - right))
    new_rows = np.arange(np.floor(knots[0][0]), np.ceil(knots[0][-1]), dtype=np.float32)
    rows = _monotone(new_rows, *knots)
    columns = np.arange(np.floor(sides[0]), np.ceil(sides[1]) + 1, dtype=np.float32)
    upwards = np.clip((bottom - rows) / height, 0, 1)
    narrower = 1 - shape.bell * upwards**1.5
    grid = middle + (columns[None, :] - middle) / narrower[:, None]
    return np.broadcast_to(rows[:, None], grid.shape).astype(np.float32), grid.astype(np.float32)


def _knots(top: float, height: float, film_rows: int, shape: Shape) -> tuple[list[float], list[float]]:
    """Pairs of new and stored rows between which the film is stretched smoothly."""
    beyond = max(0.0, film_rows - 1 - top - height)
    give = min(_REACH * height, 0.8 * beyond)
    above = shape.frame[0] * top
    parts = [
        (above, above),
        (height, shape.volume * height),
        (give, shape.give * give),
        (shape.frame[1] * (beyond - give),) * 2,
    ]
    new, stored = [0.0], [top - above]
    for stored_rows, new_rows in parts:
        if stored_rows > _LEAST_ROWS:
            new.append(new[-1] + shape.flatness * new_rows)
            stored.append(stored[-1] + stored_rows)
    return new, stored


def _monotone(at: Plane, new: list[float], stored: list[float]) -> Plane:
    """Interpolate without overshoot, so that nothing is folded."""
    from scipy.interpolate import PchipInterpolator

    return np.asarray(PchipInterpolator(new, stored)(np.clip(at, new[0], new[-1])), np.float32)
