"""Soft tissue from skin to skin: trunk, neck, head, arms, folds of skin; air in stomach and bowel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.canvas import (
    Canvas,
    Plane,
    Point,
    add_tube,
    blur,
    ellipse,
    smooth_noise,
    smooth_step,
)
from train.phantom.chest import Chest

FAT = 0.88
"""Attenuation of fat relative to other soft tissue."""


Joints = tuple[Point, Point, Point]


@dataclass(frozen=True, slots=True)
class Limbs:
    """Shoulder, elbow and wrist, hip, knee and ankle of both sides."""

    arms: tuple[Joints, Joints]
    legs: tuple[Joints, Joints]


def draw_limbs(chest: Chest, rng: np.random.Generator) -> Limbs:
    """Lay the arms, raised, bent or alongside, and the legs, bent outwards."""
    return Limbs(
        (_arm(chest, -1, rng), _arm(chest, 1, rng)),
        (_leg(chest, -1, rng), _leg(chest, 1, rng)),
    )


def _arm(chest: Chest, side: int, rng: np.random.Generator) -> Joints:
    width = chest.baby.chest_mm
    shoulder = (side * 0.49 * width, 0.02 * chest.baby.lung_mm)
    if rng.random() < 0.55:
        angles = rng.uniform(-0.9, 0.1), rng.uniform(-2.0, -1.2)
    else:
        angles = rng.uniform(1.05, 1.4), rng.uniform(0.9, 1.9)
    return _bent(shoulder, side, angles, (0.62 * width, 0.52 * width))


def _leg(chest: Chest, side: int, rng: np.random.Generator) -> Joints:
    width = chest.baby.chest_mm
    hip = (side * 0.27 * width, chest.vertebra(17) + 0.40 * width)
    angles = rng.uniform(0.35, 1.3), rng.uniform(1.2, 2.6)
    return _bent(hip, side, angles, (0.62 * width, 0.55 * width))


def _bent(root: Point, side: int, angles: tuple[float, float], lengths: tuple[float, float]) -> Joints:
    """Root, middle and end of a limb of two bones; angles downwards from straight outwards."""
    joints = [root]
    for angle, length in zip(angles, lengths, strict=True):
        x, y = joints[-1]
        joints.append(
            (
                x + side * length * float(np.cos(angle)),
                y + length * float(np.sin(angle)),
            )
        )
    return joints[0], joints[1], joints[2]


def draw_body(chest: Chest, limbs: Limbs, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Path through soft tissue as if there were no air in it, millimetres."""
    fat = float(np.interp(chest.baby.weeks, (24, 32, 40), (0.6, 1.6, 3.2)) * rng.uniform(0.8, 1.3))
    amount = np.float32(0.012 * chest.baby.chest_mm)
    x = canvas.x + amount * smooth_noise(canvas, rng, 0.5 * chest.baby.chest_mm)
    y = canvas.y + amount * smooth_noise(canvas, rng, 0.5 * chest.baby.chest_mm)
    outline = _outline(chest, rng)
    trunk = _trunk(chest, x, y, outline, 0.0)
    core = _trunk(chest, x, y, outline, fat)
    body = core + np.float32(FAT) * (trunk - core)
    body = np.maximum(body, _head(chest, canvas, rng))
    outer = _limbs(chest, limbs, canvas, fat)
    body = np.maximum(body, outer) + 0.45 * np.minimum(body, outer)
    for _ in range(int(rng.integers(0, 3))):
        body = body + _fold(chest, canvas, rng) * (body > 3)
    texture = 1 + 0.005 * smooth_noise(canvas, rng, 6.0) + 0.004 * smooth_noise(canvas, rng, 2.0)
    return np.asarray(body * texture, np.float32)


def _outline(chest: Chest, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Half width of the trunk by height, smooth."""
    length, width = chest.baby.lung_mm, chest.baby.chest_mm
    wall = 0.44 + np.interp(chest.baby.weeks, (24, 40), (0.01, 0.045))
    belly = rng.uniform(0.45, 0.54)
    knots = [
        (-1.6, 0.27),
        (-0.50, 0.27),
        (-0.30, 0.30),
        (-0.12, 0.39),
        (0.05, 0.47),
        (0.30, wall - 0.035),
        (0.65, wall - 0.01),
        (1.05, wall),
        (1.7, belly),
        (2.5, belly * 0.98),
        (3.2, 0.46),
        (4.2, 0.42),
    ]
    heights = np.linspace(-1.6, 4.2, 400)
    values = np.interp(heights, [knot[0] for knot in knots], [knot[1] for knot in knots])
    smooth = np.convolve(np.pad(values, 12, mode="edge"), np.hanning(25) / np.hanning(25).sum(), "valid")
    return heights * length, smooth * width


def _trunk(
    chest: Chest,
    x: Plane,
    y: Plane,
    outline: tuple[np.ndarray, np.ndarray],
    inset: float,
) -> Plane:
    half = np.interp(y, *outline).astype(np.float32) - np.float32(inset)
    length = chest.baby.lung_mm
    heights = np.array([-1.6, -0.5, -0.1, 0.4, 1.0, 1.8, 2.8, 3.5, 4.2]) * length
    shares = np.array([0.52, 0.55, 0.72, 0.93, 1.0, 1.02, 0.95, 0.8, 0.7])
    thick = chest.baby.depth_mm * np.interp(y, heights, shares).astype(np.float32) - np.float32(2 * inset)
    inside = np.maximum(1 - np.abs(x / half) ** np.float32(2.6), 0)
    end = chest.vertebra(17) + 0.62 * chest.baby.chest_mm - inset
    bottom = np.clip((end - y) / (0.45 * chest.baby.chest_mm), 0, 1)
    return np.asarray(thick * np.sqrt(inside) * np.sqrt(1 - (1 - bottom) ** 2), np.float32)


def _head(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    turned = rng.normal(0, 0.06) * width
    chin = -rng.uniform(0.12, 0.42) * length
    jaw = ellipse(canvas, (turned, chin - 0.22 * width), (0.27 * width, 0.24 * width))
    skull = ellipse(canvas, (1.6 * turned, chin - 0.58 * width), (0.43 * width, 0.46 * width))
    return np.asarray(width * np.maximum(0.60 * jaw, 0.85 * skull), np.float32)


def _limbs(chest: Chest, limbs: Limbs, canvas: Canvas, fat: float) -> Plane:
    plane = canvas.blank()
    width = chest.baby.chest_mm
    for kind, radii in (
        (limbs.arms, (0.125, 0.095, 0.075)),
        (limbs.legs, (0.19, 0.13, 0.09)),
    ):
        for joints in kind:
            add_tube(plane, canvas, joints, [radius * width + fat for radius in radii])
    return blur(0.92 * plane, 0.7 / canvas.pitch)


def _fold(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Crease of skin: a sharp edge on one side that fades on the other."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    side = float(rng.choice([-1, 1]))
    angle = side * rng.uniform(0.9, 1.5)
    start = (side * rng.uniform(0.25, 0.48) * width, rng.uniform(-0.1, 0.5) * length)
    along = (canvas.x - start[0]) * np.cos(angle) + (canvas.y - start[1]) * np.sin(angle)
    away = (canvas.y - start[1]) * np.cos(angle) - (canvas.x - start[0]) * np.sin(angle)
    away = away - 0.0025 * along**2
    reach = rng.uniform(0.4, 0.9) * length
    ends = np.clip(1.2 - np.abs(along / reach) * 1.2, 0, 1)
    edge = smooth_step(np.asarray(away, np.float32), 0.25) * np.exp(-np.maximum(away, 0) / rng.uniform(2, 6))
    return np.asarray(rng.uniform(1.0, 3.5) * edge * ends, np.float32)


def draw_gas(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Path through air in stomach and bowel, millimetres."""
    plane = canvas.blank()
    width, length, deep = chest.baby.chest_mm, chest.baby.lung_mm, chest.baby.depth_mm
    if rng.random() < 0.85:
        centre = (rng.uniform(0.17, 0.27) * width, rng.uniform(1.34, 1.58) * length)
        radii = (rng.uniform(0.09, 0.19) * width, rng.uniform(0.07, 0.13) * width)
        uneven = 1 + 0.25 * smooth_noise(canvas, rng, 0.12 * width)
        bubble = ellipse(canvas, centre, radii, rng.uniform(-0.6, 0.4))
        plane = rng.uniform(0.15, 0.35) * deep * np.sqrt(bubble) * np.clip(bubble * 1.4, 0, 1) * uneven
    size, filled = rng.uniform(0.09, 0.15) * width, rng.uniform(0.15, 0.8)
    for _ in range(2):
        plane = plane + _bowel(chest, canvas, rng, size, filled)
    dome = (
        1.05 * length
        + chest.left_drop
        + 0.42 * length * np.clip(np.abs(canvas.x / chest.half) - 0.45, 0, 1) ** 2
    )
    plane = plane * smooth_step(np.asarray(canvas.y - dome, np.float32), 1.5)
    return blur(np.asarray(plane, np.float32), 0.45 / canvas.pitch)


def _bowel(chest: Chest, canvas: Canvas, rng: np.random.Generator, size: float, filled: float) -> Plane:
    """Loops of bowel, packed against each other, with thin walls."""
    from scipy.spatial import cKDTree

    width, length, deep = chest.baby.chest_mm, chest.baby.lung_mm, chest.baby.depth_mm
    coarse = canvas.coarser(max(0.6, canvas.pitch))
    rows = np.arange(1.30 * length, chest.vertebra(17) + 0.35 * width, size)
    columns = np.arange(-0.55 * width, 0.55 * width, size)
    seeds = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    seeds = seeds + rng.uniform(-0.45, 0.45, seeds.shape) * size
    gas = (rng.random(len(seeds)) < filled) * rng.uniform(0.4, 1.0, len(seeds))
    gas *= np.abs(seeds[:, 0]) < 0.46 * width
    liver = seeds[:, 1] < (1.95 - 1.1 * np.clip(seeds[:, 0] / width + 0.1, 0, 0.6)) * length
    gas[liver] = 0
    if not gas.any():
        return canvas.blank()
    x, y = np.broadcast_arrays(coarse.x, coarse.y)
    places = np.stack([x + 0.10 * size * smooth_noise(coarse, rng, size), y], axis=-1).reshape(-1, 2)
    distance, nearest = cKDTree(seeds).query(places, k=2)
    wall = (distance[:, 1] - distance[:, 0]) / size
    loop = np.sqrt(np.clip((wall - 0.06) / 0.45, 0, 1)) * gas[nearest[:, 0]]
    inside = np.clip(1.15 - distance[:, 0] / size, 0, 1)
    plane = (loop * np.sqrt(inside)).reshape(coarse.rows, coarse.columns).astype(np.float32)
    return np.asarray(canvas.enlarge(0.10 * deep * np.clip(plane, 0, 1), coarse), np.float32)
