"""Branching trees inside the lungs: vessels and bronchi, as tubes in the plane of the film."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.phantom.canvas import Canvas, Plane
from train.phantom.chest import Chest
from train.phantom.solids import count

HILUM_HEIGHT = 0.46
_STEMS = np.array([-1.25, -0.75, -0.25, 0.2, 0.6, 0.95, 1.3])
_KNOTS = 7

Lines = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Points (B, 7, 2) and radii (B, 7) of branches, millimetres."""


@dataclass(frozen=True, slots=True)
class Branching:
    """Shape of a tree, millimetres for a chest of 100 mm.

    Attributes
    ----------
    stem, twig
        Radius at the hilum and of the last twigs.
    orders
        Number of times it divides.
    wander
        Turn at each division, radians.
    """

    stem: float
    twig: float
    orders: int
    wander: float = 0.42


def draw_tree(chest: Chest, canvas: Canvas, shape: Branching, rng: np.random.Generator) -> Plane:
    """Path through the tubes of both lungs, millimetres."""
    where, volumes = [], []
    for side in (-1, 1):
        for lines in _grow(chest, side, shape, rng):
            places, pieces = _fill(lines, canvas.pitch)
            where.append(places)
            volumes.append(pieces)
    return count(
        canvas.to_pixels(np.vstack(where)),
        np.concatenate(volumes) / np.float32(canvas.pitch**2),
        canvas,
    )


def _grow(chest: Chest, side: int, shape: Branching, rng: np.random.Generator) -> Iterator[Lines]:
    """Branches from the hilum, order by order."""
    half, length = chest.half, chest.baby.lung_mm
    reach = np.array([0.27 * half, 0.29 * length])
    hilum = np.array([side * 0.25 * half + chest.front(0.05), HILUM_HEIGHT * length])
    starts = hilum + rng.normal(0, 0.03, (len(_STEMS), 2)) * reach
    headings = _STEMS + rng.normal(0, 0.12, len(_STEMS))
    sizes = np.ones(len(_STEMS))
    radii = np.full(len(_STEMS), shape.stem * chest.baby.scale)
    share = np.linspace(0, 1, _KNOTS)
    for _ in range(shape.orders):
        many = len(headings)
        bends = headings[:, None] + share * rng.normal(0, 0.25, (many, 1))
        steps = sizes * rng.uniform(0.75, 1.15, many) / (_KNOTS - 1)
        moves = np.stack([side * np.cos(bends), np.sin(bends)], axis=-1) * reach * steps[:, None, None]
        moves[:, 0] = 0
        lines = starts[:, None] + np.cumsum(moves, axis=1)
        thin = np.maximum(radii * rng.uniform(0.66, 0.78, many), shape.twig * chest.baby.scale)
        yield lines, radii[:, None] + share * (thin - radii)[:, None]
        turns = np.concatenate([-rng.uniform(0.5, 1.3, many), rng.uniform(0.5, 1.3, many)])
        starts, radii = np.tile(lines[:, -1], (2, 1)), np.tile(thin, 2)
        headings = np.tile(bends[:, -1], 2) + shape.wander * turns
        sizes = np.tile(sizes, 2) * rng.uniform(0.66, 0.85, 2 * many)


def _fill(lines: Lines, pitch: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cut tubes into pieces: places (N, 2) and volumes (N,)."""
    knots, radii = (array.astype(np.float32) for array in lines)
    lengths = np.linalg.norm(np.diff(knots, axis=1), axis=2).sum(axis=1)
    steps = max(4, int(float(lengths.max()) / (0.8 * pitch)))
    rays = max(3, int(2 * float(radii.max()) / (0.8 * pitch)))
    at = np.linspace(0, _KNOTS - 1 - 1e-4, steps, dtype=np.float32)
    knot = at.astype(np.int32)
    part = at - knot
    moves = knots[:, 1:] - knots[:, :-1]
    middle = knots[:, knot] + part[:, None] * moves[:, knot]
    radius = radii[:, knot] + part * (radii[:, knot + 1] - radii[:, knot])
    heading = moves[:, knot] / np.maximum(
        np.linalg.norm(moves[:, knot], axis=2, keepdims=True), np.float32(1e-6)
    )
    aside = np.stack([-heading[:, :, 1], heading[:, :, 0]], axis=2)
    share = (np.arange(rays, dtype=np.float32) + np.float32(0.5)) / rays * 2 - 1
    places = middle[:, :, None] + (radius[:, :, None] * share)[..., None] * aside[:, :, None]
    slices = radius**2 * (lengths / steps)[:, None]
    volumes = slices[:, :, None] * (4 / rays * np.sqrt(1 - share**2))
    return places.reshape(-1, 2), volumes.ravel().astype(np.float32)
