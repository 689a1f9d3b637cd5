"""Curved solids in space, projected along the beam: bones as clouds of weighted points.

A thin shell adds (its thickness x its area) / (the area it casts on the film) to the path. Cutting its
surface into small pieces and counting them into pixels gives that sum for any curve, dense edges included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.phantom.canvas import Canvas, Plane

Points = NDArray[np.floating[Any]]
"""(N, 3) in the baby's space, millimetres: x to the image's right, y down, z towards the beam's source."""


@dataclass(frozen=True, slots=True)
class View:
    """How the baby is turned to the beam.

    Attributes
    ----------
    roll
        About the long axis, radians.
    nod
        About the transverse axis, radians; positive moves what lies in front downwards.
    """

    roll: float
    nod: float

    def project(self, points: Points) -> NDArray[np.float32]:
        """Project to the baby's film coordinates, (N, 2)."""
        x, y, z = points.T
        turned = x * np.float32(np.cos(self.roll)) + z * np.float32(np.sin(self.roll))
        return np.stack([turned, y + z * np.float32(np.sin(self.nod))], axis=1)


class Cloud:
    """Pieces of matter, gathered to be counted into the pixels of a canvas at once."""

    def __init__(self, view: View, canvas: Canvas, grain: float) -> None:
        self._view, self._canvas, self.grain = view, canvas, grain
        self._places: list[NDArray[np.float32]] = []
        self._volumes: list[NDArray[np.float32]] = []

    def reaches(self, points: Points, margin: float) -> bool:
        """Whether matter that lies so close to these points can be seen on the canvas."""
        places = self._canvas.to_pixels(self._view.project(points))
        far = margin / self._canvas.pitch
        size = (self._canvas.columns, self._canvas.rows)
        return bool((places.max(axis=0) > -far).all() and (places.min(axis=0) < np.add(size, far)).all())

    def add(self, points: Points, volumes: NDArray[np.float32]) -> None:
        """Add pieces, (N, 3), with their volumes (N,) in cubic millimetres."""
        self._places.append(self._canvas.to_pixels(self._view.project(points)))
        self._volumes.append(volumes)

    def cast(self) -> Plane:
        """Path length of the matter along the beam, millimetres."""
        if not self._places:
            return self._canvas.blank()
        volumes = np.concatenate(self._volumes)
        return count(
            np.vstack(self._places),
            volumes / np.float32(self._canvas.pitch**2),
            self._canvas,
        )


def count(where: NDArray[np.float32], weights: NDArray[np.float32], canvas: Canvas) -> Plane:
    """Sum weights (N,) into pixels, each shared between the four around its place (column, row)."""
    inside = (where >= 0).all(axis=1) & (where[:, 0] < canvas.columns - 1) & (where[:, 1] < canvas.rows - 1)
    where, weights = where[inside], weights[inside]
    corner = where.astype(np.int32)
    right, below = (where - corner).T
    first = corner[:, 1] * np.int32(canvas.columns) + corner[:, 0]
    size = canvas.rows * canvas.columns
    upper, lower = weights * (1 - below), weights * below
    plane = np.bincount(first, upper * (1 - right), size)
    plane += np.bincount(first + 1, upper * right, size)
    plane += np.bincount(first + canvas.columns, lower * (1 - right), size)
    plane += np.bincount(first + canvas.columns + 1, lower * right, size)
    return plane.reshape(canvas.rows, canvas.columns).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Tube:
    """A bone along a line.

    Attributes
    ----------
    line
        (N, 3) points along its axis.
    radii
        Half thickness across and along the film's y, millimetres.
    cortex
        Thickness of its compact shell, millimetres.
    marrow
        Mineral inside relative to compact bone, [0, 1].
    rounded
        How blunt its ends are: 2 an ellipsoid, 12 nearly a rod.
    flare
        How much wider it is near its ends than in its middle.
    """

    line: Points
    radii: tuple[float, float]
    cortex: float
    marrow: float = 0.15
    rounded: float = 12.0
    flare: float = 0.0


def add_bone(cloud: Cloud, tube: Tube) -> None:
    """Cut a bone's shell and marrow into pieces about as large as the cloud's grain."""
    if not cloud.reaches(tube.line, max(tube.radii)):
        return
    line = resample(tube.line, cloud.grain)
    tangent = np.gradient(line, axis=0)
    step = np.linalg.norm(tangent, axis=1, keepdims=True)
    tangent /= np.maximum(step, np.float32(1e-9))
    across = np.cross(tangent, np.array([0, 1, 0], np.float32))
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), np.float32(1e-9))
    along = np.cross(across, tangent)
    place = np.abs(np.linspace(-1, 1, len(line), dtype=np.float32))
    width = (1 + tube.flare * place**4) * np.sqrt(1 - np.minimum(place, np.float32(0.999)) ** tube.rounded)
    section = width * step[:, 0]
    shell = np.pi * (tube.radii[0] + tube.radii[1]) * tube.cortex
    marrow = np.pi * tube.radii[0] * tube.radii[1] * tube.marrow
    pieces = max(8, int(np.pi * (tube.radii[0] + tube.radii[1]) / cloud.grain))
    for share, matter, number in ((1.0, shell, pieces), (0.0, marrow, pieces // 2)):
        turn = np.arange(number, dtype=np.float32)[:, None] + 0.618 * np.arange(len(line), dtype=np.float32)
        angle = np.float32(2 * np.pi / number) * turn  # no two rings alike, else stripes show
        reach = width * (share or np.sqrt((0.754877 * number * turn + 0.37) % 1))
        ring = (reach * tube.radii[0] * np.cos(angle))[:, :, None] * across
        ring += (reach * tube.radii[1] * np.sin(angle))[:, :, None] * along
        volumes = np.broadcast_to(section * np.float32(matter / number), (number, len(line)))
        cloud.add(
            (line + ring).reshape(-1, 3).astype(np.float32),
            volumes.ravel().astype(np.float32),
        )


def add_block(cloud: Cloud, centre: Points, half: Points, shell: float, spongy: float) -> None:
    """Cut a block with rounded edges into pieces: its upper, lower and side walls, and what fills it.

    Parameters
    ----------
    centre, half
        (3,) place and half sizes, millimetres.
    shell
        Thickness of the walls, millimetres.
    spongy
        Mineral inside relative to compact bone, [0, 1].
    """
    if not cloud.reaches(centre[None], float(half.max())):
        return
    number = int(6 * half[0] * half[1] / cloud.grain**2) + 64
    steps = np.arange(1, number + 1)[:, None]
    spread = ((0.5 + steps * [0.8191725, 0.6710436, 0.5497005]) % 1 * 2 - 1).astype(np.float32)
    spread = spread[(np.abs(spread[:, [0, 2]]) ** 4).sum(axis=1) < 1]
    volume = float(8 * half.prod())
    waist = 0.92 + 0.08 * spread[:, 1:2] ** 2
    filling = spread * np.concatenate([waist, np.ones_like(waist), waist], axis=1)
    cloud.add(
        centre + filling * half,
        np.full(len(filling), volume * spongy / len(filling), np.float32),
    )
    edge = (np.abs(spread[:, [0, 2]]) ** 4).sum(axis=1, keepdims=True) ** 0.25
    walls = filling / np.concatenate([edge, np.ones_like(edge), edge], axis=1)
    area = float(8 * (half[0] + half[2]) * half[1])
    cloud.add(
        centre + walls * half,
        np.full(len(walls), area * shell / len(walls), np.float32),
    )
    plates = filling * [1.0, 0.0, 1.0] + np.sign(spread) * [0.0, 1.0, 0.0]
    area = float(8 * half[0] * half[2])
    matter = np.full(len(plates), area * shell / len(plates), np.float32)
    cloud.add((centre + plates * half).astype(np.float32), matter)


def resample(line: Points, step: float) -> Points:
    """Points at equal steps along a polyline."""
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    wanted = np.linspace(0, lengths[-1], max(3, int(lengths[-1] / step)))
    return np.stack([np.interp(wanted, lengths, line[:, axis]) for axis in range(3)], axis=1).astype(
        np.float32
    )
