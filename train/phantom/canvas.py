"""The plane on which a phantom is drawn: a grid in millimetres, smooth noise, tubes of known thickness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Point = tuple[float, float]
"""x to the right of the image, y downwards, millimetres; (0, 0) is the midline at the lung apices."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A grid of pixels over a field.

    Attributes
    ----------
    pitch
        Millimetres between pixel centres.
    left, top
        Coordinates of the first pixel's centre.
    """

    rows: int
    columns: int
    pitch: float
    left: float
    top: float

    @property
    def x(self) -> Plane:
        """Coordinates of the columns, (1, columns)."""
        return (self.left + self.pitch * np.arange(self.columns, dtype=np.float32))[None, :]

    @property
    def y(self) -> Plane:
        """Coordinates of the rows, (rows, 1)."""
        return (self.top + self.pitch * np.arange(self.rows, dtype=np.float32))[:, None]

    def blank(self) -> Plane:
        """Make a plane of zeros."""
        return np.zeros((self.rows, self.columns), np.float32)

    def window(self, low: Point, high: Point) -> tuple[slice, slice]:
        """Rows and columns that cover the box between two corners, cut to the grid."""
        rows = np.clip(
            [(low[1] - self.top) / self.pitch, (high[1] - self.top) / self.pitch + 2], 0, self.rows
        )
        columns = np.clip(
            [(low[0] - self.left) / self.pitch, (high[0] - self.left) / self.pitch + 2], 0, self.columns
        )
        return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))


def add_tube(plane: Plane, canvas: Canvas, points: Sequence[Point], radii: Sequence[float]) -> None:
    """Raise a plane to the chord length (mm) of a round tube along a polyline; radii taper between points.

    Where tubes meet the longer chord stays. Tubes thinner than a pixel keep their mean thickness.
    """
    for ends, widths in zip(pairwise(points), pairwise(radii), strict=False):
        _add_segment(plane, canvas, ends, widths)


def _add_segment(plane: Plane, canvas: Canvas, ends: tuple[Point, Point], radii: tuple[float, float]) -> None:
    (x0, y0), (x1, y1) = ends
    reach = max(radii) + canvas.pitch
    window = canvas.window(
        (min(x0, x1) - reach, min(y0, y1) - reach), (max(x0, x1) + reach, max(y0, y1) + reach)
    )
    dx, dy = x1 - x0, y1 - y0
    x, y = canvas.x[:, window[1]] - np.float32(x0), canvas.y[window[0]] - np.float32(y0)
    along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
    radius = radii[0] + (radii[1] - radii[0]) * along
    seen = np.maximum(radius, 0.5 * canvas.pitch)
    distance_2 = (x - along * dx) ** 2 + (y - along * dy) ** 2
    chord = 2 * np.sqrt(np.maximum(seen**2 - distance_2, 0)) * (radius / seen) ** 2
    np.maximum(plane[window], chord.astype(np.float32), out=plane[window])


def ellipse(canvas: Canvas, centre: Point, radii: Point, angle: float = 0.0) -> Plane:
    """Thickness profile of an ellipsoid, 1 in its middle, 0 at its edge and beyond."""
    x, y = canvas.x - centre[0], canvas.y - centre[1]
    cosine, sine = np.cos(angle), np.sin(angle)
    u, v = (x * cosine + y * sine) / radii[0], (y * cosine - x * sine) / radii[1]
    return np.asarray(np.sqrt(np.maximum(1 - u * u - v * v, 0)), np.float32)


def smooth_noise(canvas: Canvas, rng: np.random.Generator, period_mm: float) -> Plane:
    """Noise that changes over about this length; mean 0, deviation about 1."""
    from PIL import Image

    rows = int(canvas.rows * canvas.pitch / period_mm) + 3
    columns = int(canvas.columns * canvas.pitch / period_mm) + 3
    coarse = rng.standard_normal((rows, columns), np.float32)
    picture = Image.fromarray(coarse).resize((canvas.columns, canvas.rows), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float32) * 1.4


def blur(plane: Plane, sigma_px: float) -> Plane:
    """Gaussian blur; wide ones on a reduced grid, which is as good and much faster."""
    from PIL import Image
    from scipy.ndimage import gaussian_filter

    if sigma_px < 6:
        return np.asarray(gaussian_filter(plane, sigma_px, mode="nearest", truncate=3.0), np.float32)
    factor = int(sigma_px / 3)
    small = np.asarray(Image.fromarray(plane).reduce(factor), np.float32)
    softened = gaussian_filter(small, sigma_px / factor, mode="nearest", truncate=3.0)
    size = (plane.shape[1], plane.shape[0])
    return np.asarray(Image.fromarray(softened).resize(size, Image.Resampling.BICUBIC), np.float32)


def smooth_step(values: Plane, width: float) -> Plane:
    """0 below ``-width``, 1 above ``width``, smooth between."""
    t = np.clip(values / (2 * width) + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
