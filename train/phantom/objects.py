"""What lies on the baby, in the beam or on the cassette: leads, probe, marker, shield, hand, sheet."""

from __future__ import annotations

import numpy as np

from train.phantom.canvas import (
    Canvas,
    Plane,
    Point,
    add_tube,
    blur,
    curve,
    smooth_noise,
    smooth_step,
)
from train.phantom.chest import Chest
from train.phantom.lines import Mark, catheter, hose


def leads(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Three electrodes of a monitor with their wires, which run off to one side together."""
    plane = canvas.blank()
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    way = float(rng.choice([-1, 1]))
    gather = (way * rng.uniform(0.3, 0.7) * width, rng.choice([-1.0, 2.2]) * length)
    size, density = (
        rng.uniform(3.6, 5.2) * chest.baby.scale**0.5,
        rng.uniform(0.05, 0.14),
    )
    wire, metal = rng.uniform(0.35, 0.6), rng.uniform(0.12, 0.4)
    for side, height in ((-1, 0.12), (1, 0.10), (rng.choice([-1, 1]), 1.35)):
        spot = (
            side * rng.uniform(0.26, 0.46) * width,
            (height + rng.uniform(-0.12, 0.3)) * length,
        )
        plane += _disc(canvas, spot, size, density)
        plane += _disc(canvas, spot, 0.36 * size, metal)
        middle = (
            (spot[0] + gather[0]) / 2 + rng.normal(0, 0.10) * width,
            (spot[1] + gather[1]) / 2 + rng.normal(0, 0.12) * length,
        )
        end = (gather[0] + way * 0.8 * width, gather[1] + np.sign(gather[1]) * length)
        out = (
            spot[0] + 0.10 * (middle[0] - spot[0]),
            spot[1] + 0.25 * (middle[1] - spot[1]),
        )
        plane += catheter(canvas, [spot, out, middle, gather, end], wire, metal * 0.8)
    return Mark(plane)


def _disc(canvas: Canvas, spot: Point, radius: float, density: float) -> Plane:
    """Flat round plate, drawn only where it lies."""
    centre = canvas.to_film(np.array([spot]))[0]
    reach = radius + 2 * canvas.pitch
    window = canvas.window(tuple(centre - reach), tuple(centre + reach))
    plane = canvas.blank()
    distance = np.hypot(canvas.across[:, window[1]] - centre[0], canvas.down[window[0]] - centre[1])
    plane[window] = density * np.clip((radius - distance) / canvas.pitch + 0.5, 0, 1)
    return plane


def probe(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Temperature probe on the skin, its wire running away."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    spot = (rng.uniform(-0.38, 0.38) * width, rng.uniform(1.05, 2.1) * length)
    way = float(rng.choice([-1, 1]))
    points = [
        spot,
        (spot[0] + way * 0.15 * width, spot[1] + rng.normal(0.1, 0.15) * length),
        (spot[0] + way * 0.5 * width, spot[1] + rng.normal(0.3, 0.3) * length),
        (way * 1.3 * width, spot[1] + rng.normal(0.4, 0.5) * length),
    ]
    density = rng.uniform(0.12, 0.35)
    plate = _disc(canvas, spot, rng.uniform(2.6, 4.0), density)
    return Mark(plate + catheter(canvas, points, 0.5, 0.7 * density), spot)


def prongs(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Tubing of nasal pressure support on both sides of the head."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    plane = canvas.blank()
    nose = (rng.normal(0, 0.05) * width, -rng.uniform(1.0, 1.3) * length)
    for side in (-1, 1):
        points = [
            nose,
            (side * 0.3 * width, nose[1] + rng.uniform(0.0, 0.3) * length),
            (side * 0.55 * width, nose[1] + rng.uniform(0.1, 0.6) * length),
            (side * rng.uniform(0.7, 1.1) * width, rng.uniform(-0.6, 0.2) * length),
        ]
        plane += hose(canvas, points, rng.uniform(2.8, 4.2), 0.7, 0.0)
    return Mark(plane)


def incubator_hole(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Hole in the incubator's roof: a round, faintly lucent spot that looks like an air pocket."""
    spot = (
        rng.uniform(-0.4, 0.4) * chest.baby.chest_mm,
        rng.uniform(0.0, 1.6) * chest.baby.lung_mm,
    )
    radius = rng.uniform(4.0, 8.0)
    ring = _disc(canvas, spot, radius + 0.7, 0.05) - _disc(canvas, spot, radius, 0.05)
    return Mark(ring - _disc(canvas, spot, radius, rng.uniform(0.06, 0.12)))


def marker(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Lead letter beside the baby: R on its right, L on its left."""
    plane, size = canvas.blank(), rng.uniform(6.0, 10.0)
    side = int(rng.choice([-1, 1]))
    edge = min(0.62 * chest.baby.chest_mm, 0.36 * canvas.columns * canvas.pitch)
    x, y = side * edge - size / 2, rng.uniform(-0.35, 1.5) * chest.baby.lung_mm
    strokes: dict[int, list[Point]] = {
        -1: [
            (0, 1),
            (0, 0),
            (0.45, 0.02),
            (0.58, 0.14),
            (0.58, 0.34),
            (0.45, 0.5),
            (0, 0.5),
            (0.25, 0.5),
            (0.6, 1),
        ],
        1: [(0, 0), (0, 1), (0.55, 1)],
    }
    points: list[Point] = [(x + size * u, y + size * v) for u, v in strokes[side]]
    add_tube(plane, canvas, points, [0.085 * size] * len(points))
    return Mark(2.2 * (plane > 0.05 * size).astype(np.float32))


def shield(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Lead rubber over the pelvis."""
    top = chest.vertebra(17) + rng.uniform(-0.1, 0.25) * chest.baby.chest_mm
    half = rng.uniform(0.22, 0.38) * chest.baby.chest_mm
    edge = np.minimum(half + 0.25 * (canvas.y - top) - np.abs(canvas.x), canvas.y - top)
    return Mark(2.6 * smooth_step(np.asarray(edge, np.float32), 0.2))


def hand(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Gloved fingers of whoever holds the baby, at an upper corner."""
    plane, bones = canvas.blank(), canvas.blank()
    side = float(rng.choice([-1, 1]))
    root = (
        side * rng.uniform(0.75, 0.95) * chest.baby.chest_mm,
        rng.uniform(-0.9, -0.3) * chest.baby.lung_mm,
    )
    for finger in range(int(rng.integers(2, 5))):
        start = (root[0] + side * 4, root[1] + 13 * finger)
        bend = (start[0] - side * rng.uniform(22, 34), start[1] + rng.normal(0, 4))
        tip = (bend[0] - side * rng.uniform(12, 20), bend[1] + rng.normal(3, 4))
        add_tube(plane, canvas, curve([start, bend, tip]), [7.5] * 17)
        add_tube(bones, canvas, curve([start, bend, tip]), [3.0] * 17)
    return Mark(np.asarray(0.020 * plane + 0.035 * bones, np.float32))


def skin_fold(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Mark:
    """Long crease that runs across the chest wall and looks like the edge of a collapsed lung."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    side = float(rng.choice([-1, 1]))
    start = (side * rng.uniform(0.22, 0.40) * width, 0.6 * length)
    lean = side * rng.uniform(-0.15, 0.25)
    bow = rng.uniform(-0.004, 0.004)
    along = canvas.y - start[1]
    away = side * (canvas.x - start[0] - lean * along - bow * along**2)
    ends = np.clip(1.3 - np.abs(along) / (rng.uniform(0.8, 1.6) * length), 0, 1)
    fade = np.exp(-np.maximum(away, 0) / rng.uniform(3, 9))
    edge = smooth_step(np.asarray(away, np.float32), 0.3) * fade * ends
    return Mark(np.asarray(rng.uniform(0.04, 0.09) * edge, np.float32))


def bedding(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Mattress, sheet and tray under the baby: faint, broad, with a few soft creases."""
    plane = 0.05 + 0.012 * smooth_noise(canvas, rng, 30.0)
    for _ in range(int(rng.integers(0, 4))):
        angle, offset = rng.uniform(0, np.pi), rng.normal(0, 50)
        away = (
            canvas.x * np.cos(angle)
            + canvas.y * np.sin(angle)
            - offset
            + 1.5 * smooth_noise(canvas, rng, 25.0)
        )
        plane = plane + rng.uniform(0.01, 0.04) * np.exp(-((away / rng.uniform(0.6, 2.0)) ** 2))
    return blur(np.asarray(np.maximum(plane, 0), np.float32), 0.5 / canvas.pitch)
