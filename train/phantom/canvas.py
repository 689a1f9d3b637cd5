"""The plane on which a phantom is drawn: a grid in millimetres, smooth noise, tubes of known thickness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)
Point = tuple[float, float]
"""x to the right of the image, y downwards, millimetres; (0, 0) is the midline at the lung apices."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """A grid of pixels over a field, on which a baby may lie askew.

    Attributes
    ----------
    pitch
        Millimetres between pixel centres.
    left, top
        Film coordinates of the first pixel's centre, millimetres.
    turn
        Clockwise turn of the baby about (0, 0), radians; points and planes are in the baby's coordinates.
    """

    rows: int
    columns: int
    pitch: float
    left: float
    top: float
    turn: float = 0.0

    @cached_property
    def across(self) -> Plane:
        """Film coordinates of the columns, (1, columns)."""
        return (self.left + self.pitch * np.arange(self.columns, dtype=np.float32))[None, :]

    @cached_property
    def down(self) -> Plane:
        """Film coordinates of the rows, (rows, 1)."""
        return (self.top + self.pitch * np.arange(self.rows, dtype=np.float32))[:, None]

    @cached_property
    def x(self) -> Plane:
        """The baby's x of every pixel, (rows, columns) or (1, columns)."""
        if self.turn == 0:
            return self.across
        return np.asarray(self.across * np.cos(self.turn) + self.down * np.sin(self.turn), np.float32)

    @cached_property
    def y(self) -> Plane:
        """The baby's y of every pixel, (rows, columns) or (rows, 1)."""
        if self.turn == 0:
            return self.down
        return np.asarray(self.down * np.cos(self.turn) - self.across * np.sin(self.turn), np.float32)

    def to_film(self, points: NDArray[Real]) -> NDArray[Real]:
        """Film coordinates of points (N, 2) of the baby, millimetres."""
        cosine, sine = (
            points.dtype.type(np.cos(self.turn)),
            points.dtype.type(np.sin(self.turn)),
        )
        x, y = points[:, 0], points[:, 1]
        return np.stack([x * cosine - y * sine, y * cosine + x * sine], axis=1)

    def to_pixels(self, points: NDArray[Real]) -> NDArray[Real]:
        """Columns and rows, (N, 2), of points of the baby; whole numbers are pixel centres."""
        film = self.to_film(points)
        film -= np.array([self.left, self.top], points.dtype)
        film /= points.dtype.type(self.pitch)
        return film

    def blank(self) -> Plane:
        """Make a plane of zeros."""
        return np.zeros((self.rows, self.columns), np.float32)

    def window(self, low: Point, high: Point) -> tuple[slice, slice]:
        """Rows and columns that cover the box between two corners of the film, cut to the grid."""
        rows = np.clip(
            [(low[1] - self.top) / self.pitch, (high[1] - self.top) / self.pitch + 2],
            0,
            self.rows,
        )
        columns = np.clip(
            [(low[0] - self.left) / self.pitch, (high[0] - self.left) / self.pitch + 2],
            0,
            self.columns,
        )
        return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))

    def coarser(self, pitch: float) -> Canvas:
        """Cover the same field with the largest whole multiple of the pitch that is not above this one."""
        factor = max(1, int(pitch / self.pitch + 1e-6))
        if factor == 1:
            return self
        shift = (factor - 1) / 2 * self.pitch
        rows, columns = -(-self.rows // factor), -(-self.columns // factor)
        return Canvas(
            rows,
            columns,
            self.pitch * factor,
            self.left + shift,
            self.top + shift,
            self.turn,
        )

    def enlarge(self, plane: Plane, coarse: Canvas) -> Plane:
        """Bring a plane of a coarser canvas onto this one, by cubic interpolation."""
        factor = round(coarse.pitch / self.pitch)
        if factor == 1:
            return plane
        return resize(plane, (coarse.rows * factor, coarse.columns * factor))[: self.rows, : self.columns]


def resize(plane: Plane, shape: tuple[int, int]) -> Plane:
    """Cubic interpolation to another shape over the same field."""
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32)


def add_tube(plane: Plane, canvas: Canvas, points: Sequence[Point], radii: Sequence[float]) -> None:
    """Raise a plane to the chord length (mm) of a round tube along a polyline; radii taper between points.

    Where tubes meet the longer chord stays. Tubes thinner than a pixel keep their mean thickness.
    """
    film = canvas.to_film(np.asarray(points, np.float64))
    for ends, widths in zip(pairwise(film), pairwise(radii), strict=False):
        _add_segment(plane, canvas, (tuple(ends[0]), tuple(ends[1])), widths)


def _add_segment(plane: Plane, canvas: Canvas, ends: tuple[Point, Point], radii: tuple[float, float]) -> None:
    (x0, y0), (x1, y1) = ends
    reach = max(radii) + canvas.pitch
    window = canvas.window(
        (min(x0, x1) - reach, min(y0, y1) - reach),
        (max(x0, x1) + reach, max(y0, y1) + reach),
    )
    dx, dy = np.float32(x1 - x0), np.float32(y1 - y0)
    x, y = (
        canvas.across[:, window[1]] - np.float32(x0),
        canvas.down[window[0]] - np.float32(y0),
    )
    along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, np.float32(1e-6)), 0, 1)
    radius = np.float32(radii[0]) + np.float32(radii[1] - radii[0]) * along
    seen = np.maximum(radius, np.float32(0.5 * canvas.pitch))
    distance_2 = (x - along * dx) ** 2 + (y - along * dy) ** 2
    chord = 2 * np.sqrt(np.maximum(seen**2 - distance_2, 0)) * (radius / seen) ** 2
    np.maximum(plane[window], chord, out=plane[window])


def ellipse(canvas: Canvas, centre: Point, radii: Point, angle: float = 0.0) -> Plane:
    """Thickness profile of an ellipsoid, 1 in its middle, 0 at its edge and beyond."""
    x, y = canvas.x - np.float32(centre[0]), canvas.y - np.float32(centre[1])
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    u, v = (
        (x * cosine + y * sine) / np.float32(radii[0]),
        (y * cosine - x * sine) / np.float32(radii[1]),
    )
    return np.asarray(np.sqrt(np.maximum(1 - u * u - v * v, 0)), np.float32)


def smooth_noise(canvas: Canvas, rng: np.random.Generator, period_mm: float) -> Plane:
    """Noise that changes over about this length; mean 0, deviation about 1."""
    rows = int(canvas.rows * canvas.pitch / period_mm) + 3
    columns = int(canvas.columns * canvas.pitch / period_mm) + 3
    coarse = rng.standard_normal((rows, columns), np.float32)
    return resize(coarse, (canvas.rows, canvas.columns)) * np.float32(1.4)


def blur(plane: Plane, sigma_px: float) -> Plane:
    """Gaussian blur; wide ones on a reduced grid, which is as good and much faster."""
    from PIL import Image
    from scipy.ndimage import gaussian_filter

    if sigma_px < 4:
        return np.asarray(gaussian_filter(plane, sigma_px, mode="nearest", truncate=3.0), np.float32)
    factor = int(sigma_px / 2)
    small = np.asarray(Image.fromarray(np.ascontiguousarray(plane)).reduce(factor), np.float32)
    softened = gaussian_filter(small, sigma_px / factor, mode="nearest", truncate=3.0)
    covered = (softened.shape[0] * factor, softened.shape[1] * factor)
    return resize(softened, covered)[: plane.shape[0], : plane.shape[1]]


def smooth_step(values: Plane, width: float) -> Plane:
    """0 below ``-width``, 1 above ``width``, smooth between."""
    t = np.clip(values / np.float32(2 * width) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def curve(points: Sequence[Point], steps: int = 8) -> list[Point]:
    """Draw a smooth line through points (Catmull-Rom), each gap in so many steps."""
    given = np.asarray(points, np.float64)
    padded = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
    ]
    return [(float(x), float(y)) for x, y in np.vstack([*pieces, given[-1:]])]
