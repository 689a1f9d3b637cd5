"""Polygons to pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
"""Column and row in pixels, (0, 0) being the outer corner of the first pixel, as labelme writes them."""


def fill_polygon(points: Sequence[Point], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels whose centres lie inside a polygon (even-odd rule).

    Parameters
    ----------
    points
        Corners in order, the last joined to the first; parts outside the grid are cut off.
    shape
        Rows and columns.

    Returns
    -------
    ndarray
        bool (rows, columns).
    """
    crossings = np.zeros((shape[0], shape[1] + 1), np.int64)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        if y0 == y1:
            continue
        low, high = min(y0, y1), max(y0, y1)
        first, last = (int(np.clip(np.ceil(y - 0.5), 0, shape[0])) for y in (low, high))
        rows = np.arange(first, last)
        x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
        columns = np.clip(np.ceil(x - 0.5), 0, shape[1]).astype(np.int64)
        crossings[rows, columns] += 1
    return np.asarray(np.cumsum(crossings[:, :-1], axis=1) % 2 == 1)
