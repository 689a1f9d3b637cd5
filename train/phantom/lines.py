"""Tubes and lines inside the baby: where they run, how thick they are, and where their tip lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.canvas import Canvas, Plane, Point, add_tube, curve
from train.phantom.chest import Chest


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """One drawn device.

    Attributes
    ----------
    dense
        Attenuation it adds (line integral); below 0 where it takes some away.
    tip
        Its tip in the baby's coordinates, millimetres; None where it has none.
    """

    dense: Plane
    tip: Point | None = None


def hose(
    canvas: Canvas,
    points: list[Point],
    radius: float,
    wall: float,
    stripe: float = 0.11,
) -> Plane:
    """Plastic tube with a radiopaque stripe: its walls are denser than its bore."""
    line = curve(points)
    outer, inner, opaque = canvas.blank(), canvas.blank(), canvas.blank()
    add_tube(outer, canvas, line, [radius] * len(line))
    add_tube(inner, canvas, line, [radius - wall] * len(line))
    aside: list[Point] = [(x + 0.55 * radius, y) for x, y in line]
    add_tube(opaque, canvas, aside, [0.20] * len(line))
    return np.asarray(0.030 * (outer - inner) - 0.012 * inner + (stripe / 0.4) * opaque, np.float32)


def catheter(canvas: Canvas, points: list[Point], radius: float, density: float) -> Plane:
    """Thin line of an opaque polymer."""
    line, plane = curve(points), canvas.blank()
    add_tube(plane, canvas, line, [radius] * len(line))
    return np.asarray(density / (2 * radius) * plane, np.float32)


def tracheal_tube(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Tip midway between the clavicles and the carina, with some too high and some too low."""
    length = chest.baby.lung_mm
    x = chest.front(0.0)
    tip = (
        x + rng.normal(0, 0.6),
        float(np.clip(rng.normal(0.15, 0.10), -0.15, 0.42)) * length,
    )
    mouth = rng.normal(0, 0.10) * chest.baby.chest_mm
    points = [
        (mouth * 1.6, -2.2 * length),
        (mouth, -1.2 * length),
        (x + rng.normal(0, 1), -0.45 * length),
        tip,
    ]
    radius = float(np.interp(chest.baby.weight_g, (600, 1500, 3500), (1.6, 1.9, 2.4)))
    return Mark(hose(canvas, points, radius, 0.45, rng.uniform(0.08, 0.16)), tip)


def gastric_tube(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Down the gullet, through the diaphragm, to the left into the stomach."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    x = chest.front(-0.35)
    tip = (rng.uniform(0.12, 0.27) * width, rng.uniform(1.30, 1.75) * length)
    points = [
        (rng.normal(0, 0.10) * width, -2.2 * length),
        (x + rng.normal(2, 2), -0.9 * length),
        (x + rng.normal(1.5, 0.8), 0.0),
        (x + rng.normal(1.5, 0.8), 0.6 * length),
        (x + 0.05 * width, 1.08 * length),
        tip,
    ]
    return Mark(hose(canvas, points, rng.uniform(0.8, 1.25), 0.35, rng.uniform(0.05, 0.13)), tip)


def arterial_line(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Umbilical artery: down into the pelvis first, then up left of the spine to T6 to T10."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    x = chest.spine_x + rng.uniform(0.01, 0.04) * width
    tip = (x, chest.vertebra(rng.uniform(6, 10)))
    navel, pelvis = 2.45 * length, chest.vertebra(17.5)
    points = [
        (rng.normal(0.02, 0.08) * width, navel + 0.1 * length),
        (0.05 * width, (navel + pelvis) / 2),
        (0.12 * width, pelvis),
        (0.07 * width, pelvis - 0.15 * width),
        (x + rng.normal(0, 0.5), chest.vertebra(14)),
        (x + rng.normal(0, 0.5), chest.vertebra(12)),
        tip,
    ]
    return Mark(catheter(canvas, points, rng.uniform(0.45, 0.7), rng.uniform(0.10, 0.20)), tip)


def venous_line(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Umbilical vein: up through the liver to the right atrium's mouth at T8 to T9."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    x = chest.spine_x - rng.uniform(0.02, 0.07) * width
    tip = (x, chest.vertebra(rng.normal(8.5, 0.7)))
    points = [
        (rng.normal(0, 0.07) * width, 2.55 * length),
        (rng.normal(0.0, 0.03) * width, 1.9 * length),
        (x - 0.01 * width, 1.3 * length),
        tip,
    ]
    return Mark(catheter(canvas, points, rng.uniform(0.45, 0.75), rng.uniform(0.10, 0.20)), tip)


def central_line(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """From an arm to the upper great vein."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    side = float(rng.choice([-1, 1]))
    tip = (chest.front(0.1) - 0.05 * width, rng.uniform(0.22, 0.5) * length)
    points = [
        (side * 0.95 * width, rng.uniform(-0.6, 0.6) * length),
        (side * 0.48 * width, rng.uniform(-0.05, 0.15) * length),
        (side * 0.25 * width, -0.03 * length),
        (chest.front(0.1) - 0.02 * width, 0.07 * length),
        tip,
    ]
    return Mark(catheter(canvas, points, rng.uniform(0.25, 0.4), rng.uniform(0.06, 0.12)), tip)


def drain(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Chest drain from the side towards the front of the apex."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    side = float(rng.choice([-1, 1]))
    tip = (side * rng.uniform(0.12, 0.3) * width, rng.uniform(0.15, 0.5) * length)
    points = [
        (side * 0.95 * width, rng.uniform(0.9, 1.4) * length),
        (side * 0.50 * width, rng.uniform(0.65, 0.85) * length),
        (side * 0.38 * width, 0.5 * length),
        tip,
    ]
    return Mark(hose(canvas, points, rng.uniform(1.3, 1.8), 0.5, rng.uniform(0.14, 0.25)), tip)
