"""Branching trees from the hila into the lungs: air-filled bronchi and wet streaks run along them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.phantom.canvas import Canvas, Plane, Point, add_tube

_SHORTEST_MM = 3.5
_LOBES = 6


@dataclass(frozen=True, slots=True)
class Branching:
    """How a tree grows, for a chest of 100 mm.

    Attributes
    ----------
    stem_mm, twig_mm
        Radius at the hilum and of the last twigs.
    taper
        Radius of a branch over that of its parent.
    """

    stem_mm: float
    twig_mm: float
    taper: float = 0.72


BRONCHI = Branching(1.15, 0.36)
STREAKS = Branching(1.0, 0.35)


def draw_trees(
    canvas: Canvas, lungs: NDArray[np.uint8], branching: Branching, rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Grow one tree into each lung.

    Parameters
    ----------
    lungs
        uint8 on the canvas' grid: 1 right, 2 left.

    Returns
    -------
    tuple
        Chord length through the tubes, millimetres, and the way from the nearest hilum, 0 there and 1 at the
        farthest lung.
    """
    plane, way = canvas.blank(), np.full((canvas.rows, canvas.columns), np.inf, np.float32)
    for side, label in ((-1, 1), (1, 2)):
        held = np.argwhere(lungs == label)
        if len(held) == 0:
            continue
        hilum, size = _hilum(canvas, held, side)
        outwards = 0.0 if side > 0 else np.pi
        for angle in np.linspace(-1.25, 1.25, _LOBES):
            heading = outwards + side * (angle + rng.normal(0, 0.14))
            reach = size * (0.30 if abs(angle) < 0.8 else 0.36)
            thick = branching.stem_mm * rng.uniform(0.8, 1.15)
            _grow(plane, canvas, rng, branching, (hilum, float(heading), reach, thick))
        far = np.hypot(canvas.x - hilum[0], canvas.y - hilum[1]) / (1.05 * size)
        way = np.where(lungs == label, far, np.minimum(way, far))
    return plane, np.clip(way, 0, 1).astype(np.float32)


def _hilum(canvas: Canvas, held: NDArray[np.int64], side: int) -> tuple[Point, float]:
    """Where the bronchi enter a lung, and how far it is from there to its edge, millimetres."""
    (top, left), (bottom, right) = held.min(axis=0), held.max(axis=0)
    inner, outer = (right, left) if side < 0 else (left, right)
    column, row = inner + 0.12 * (outer - inner), top + 0.50 * (bottom - top)
    hilum = (canvas.left + canvas.pitch * float(column), canvas.top + canvas.pitch * float(row))
    return hilum, canvas.pitch * float(max(abs(outer - inner), 0.6 * (bottom - top)))


def _grow(
    plane: Plane,
    canvas: Canvas,
    rng: np.random.Generator,
    branching: Branching,
    twig: tuple[Point, float, float, float],
) -> None:
    """Add a slightly bent twig and smaller ones at its end, until they are short."""
    start, heading, length, radius = twig
    if length < _SHORTEST_MM:
        return
    bend = rng.normal(0, 0.10)
    half = _step(start, heading - bend, length / 2)
    end = _step(half, heading + bend, length / 2)
    thinner = max(radius * branching.taper, branching.twig_mm)
    add_tube(plane, canvas, [start, half, end], [radius, (radius + thinner) / 2, thinner])
    for turn in (-1, 1):
        following = heading + bend + turn * rng.uniform(0.18, 0.55)
        _grow(
            plane, canvas, rng, branching, (end, float(following), length * rng.uniform(0.58, 0.80), thinner)
        )


def _step(start: Point, heading: float, length: float) -> Point:
    return start[0] + length * float(np.cos(heading)), start[1] + length * float(np.sin(heading))
