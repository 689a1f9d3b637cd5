"""Skeleton of a newborn in space: spine, ribs, clavicles, shoulder blades, arms, jaw, hip bones."""

from __future__ import annotations

import numpy as np

from train.phantom.body import Limbs
from train.phantom.canvas import Canvas, Plane, blur
from train.phantom.chest import Chest
from train.phantom.solids import Cloud, Points, Tube, add_block, add_bone

RIBS = 12


def draw_bones(chest: Chest, limbs: Limbs, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Path through compact bone along the beam, millimetres."""
    cloud = Cloud(chest.view, canvas, max(0.28, 1.1 * canvas.pitch))
    for tube in (
        *_ribs(chest, rng),
        *_shoulders(chest, rng),
        *_limbs(chest, limbs),
        *_jaw(chest, rng),
    ):
        add_bone(cloud, tube)
    _add_spine(cloud, chest, rng)
    _add_hips(cloud, chest)
    mineral = np.interp(chest.baby.weeks, (24, 40), (0.80, 1.05)) * rng.uniform(0.85, 1.25)
    plane = cloud.cast() + _blades(chest, canvas, rng)
    return blur(np.asarray(mineral * plane, np.float32), max(0.22 / canvas.pitch, 0.6))


def _ribs(chest: Chest, rng: np.random.Generator) -> list[Tube]:
    """Twelve pairs from the vertebrae round to their soft front ends, nearly horizontal behind."""
    slope = np.tan(np.deg2rad(rng.uniform(9, 19)))
    tubes = []
    for number in range(1, RIBS + 1):
        for side in (-1, 1):
            line = _rib_line(chest, number, side, float(slope), rng)
            high = 0.0185 * chest.baby.chest_mm * (0.8 if number in {1, 11, 12} else 1.0)
            tubes.append(Tube(line, (0.45 * high, high), 0.21 * chest.baby.scale**0.5, 0.20))
    return tubes


def _rib_line(chest: Chest, number: int, side: int, slope: float, rng: np.random.Generator) -> Points:
    end = {1: 120, 2: 132, 3: 138, 10: 118, 11: 88, 12: 62}.get(number, 142)
    angle = np.deg2rad(np.linspace(14, end + rng.normal(0, 3), 60))
    start = chest.vertebra(number - 0.3)
    level = np.array([start + 0.12 * chest.baby.lung_mm], np.float32)
    half = float(chest.width_at(level)[0]) + 0.008 * chest.baby.chest_mm
    half *= {1: 0.72, 2: 0.9}.get(number, 1.0)
    deep = float(chest.depth_at(level)[0]) * 1.05
    front = 1 - np.cos(angle)
    arch = -0.06 * chest.baby.lung_mm * np.sin(np.clip(angle * 1.3, 0, np.pi))
    x = side * half * np.sin(angle) ** 0.9
    y = start + slope * deep * front * (0.55 + 0.045 * number) + arch
    wobble = rng.normal(0, 0.006) * chest.baby.lung_mm
    return np.stack([x, y + wobble, -deep * np.cos(angle)], axis=1)


def _shoulders(chest: Chest, rng: np.random.Generator) -> list[Tube]:
    """Clavicles, and the borders of the shoulder blades."""
    width, length, deep = chest.baby.chest_mm, chest.baby.lung_mm, chest.depth
    tubes = []
    for side in (-1, 1):
        lift = rng.normal(-0.02, 0.035) * length
        clavicle = [
            (side * 0.065 * width, 0.05 * length + lift, 0.70 * deep),
            (side * 0.20 * width, -0.02 * length + lift, 0.75 * deep),
            (side * 0.34 * width, -0.02 * length + lift, 0.35 * deep),
            (side * 0.46 * width, -0.07 * length + lift, 0.0),
        ]
        tubes.append(_bone(clavicle, 0.0180 * width, 0.38))
        spine = [
            (side * 0.33 * width, 0.12 * length, -0.9 * deep),
            (side * 0.47 * width, -0.03 * length, -0.3 * deep),
        ]
        tubes.append(_bone(spine, 0.011 * width, 0.18))
    return tubes


def _bone(points: list[tuple[float, float, float]], radius: float, cortex: float) -> Tube:
    return Tube(_smooth(np.array(points)), (radius, radius), cortex)


def _smooth(points: Points) -> Points:
    """Round the corners of a line through a few points in space."""
    for _ in range(3):
        if len(points) < 3:
            break
        cut = np.stack(
            [
                0.75 * points[:-1] + 0.25 * points[1:],
                0.25 * points[:-1] + 0.75 * points[1:],
            ],
            axis=1,
        )
        points = np.vstack([points[:1], cut.reshape(-1, 3)[1:-1], points[-1:]])
    return points


def _blades(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Shoulder blades as thin plates with a denser rim."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    plane = canvas.blank()
    shift = chest.front(-0.9)
    for side in (-1, 1):
        out = side * (canvas.x - np.float32(shift))
        spread = rng.uniform(0.0, 0.05) * width
        inner = out - (0.28 * width + spread) - 0.10 * (canvas.y - 0.2 * length)
        outer = (0.475 * width + spread) - out - np.float32(0.26) * np.maximum(canvas.y - 0.05 * length, 0)
        upper = canvas.y + 0.03 * length + 0.25 * (out - 0.4 * width)
        edge = np.minimum(np.minimum(inner, outer), upper).astype(np.float32)
        plate = np.clip(edge / 0.6 + 0.5, 0, 1) * (0.30 + 0.75 * np.exp(-((edge / 1.1) ** 2)))
        plane += plate * (canvas.y < 0.72 * length)
    return plane


def _limbs(chest: Chest, limbs: Limbs) -> list[Tube]:
    width, tubes = chest.baby.chest_mm, []
    for kind, upper, lower in ((limbs.arms, 0.036, 0.023), (limbs.legs, 0.043, 0.030)):
        for joints in kind:
            root, middle, end = (np.array([x, y, 0.0]) for x, y in joints)
            tubes.append(_shaft(root, middle, upper * width))
            aside = lower * width * np.array([1.0, 1.0, 0.0])
            tubes.extend(_shaft(middle + way * aside, end + way * aside, lower * width) for way in (-1, 1))
    return tubes


def _shaft(start: Points, end: Points, radius: float) -> Tube:
    """Long bone without its soft ends."""
    share = np.linspace(0.10, 0.90, 24)[:, None]
    return Tube(start + share * (end - start), (radius, radius), 0.75, 0.15, flare=0.5)


def _jaw(chest: Chest, rng: np.random.Generator) -> list[Tube]:
    width, chin = chest.baby.chest_mm, -rng.uniform(0.25, 0.50) * chest.baby.lung_mm
    angle = np.linspace(-1.25, 1.25, 30)
    turned = rng.normal(0, 0.05) * width
    line = np.stack(
        [
            turned + 0.24 * width * np.sin(angle),
            chin - 0.24 * width * (1 - np.cos(angle)),
            0.5 * width * np.cos(angle),
        ],
        axis=1,
    )
    return [Tube(line, (0.03 * width, 0.055 * width), 0.2, 0.12)]


def _add_spine(cloud: Cloud, chest: Chest, rng: np.random.Generator) -> None:
    """Bodies of the vertebrae, their pedicles, and the two halves of each arch."""
    step = chest.baby.spine_mm / 12
    half, back = 0.060 * chest.baby.chest_mm, -0.78 * chest.depth
    bend = rng.normal(0, 0.01) * chest.baby.chest_mm
    for number in range(-5, 23):
        middle = chest.vertebra(number)
        x = bend * np.sin(middle / chest.baby.lung_mm * 1.6)
        wide = half * float(np.interp(number, (0, 1, 17, 18, 22), (0.85, 0.9, 1.2, 1.5, 0.5)))
        centre = np.array([x, middle, back], np.float32)
        add_block(
            cloud,
            centre,
            np.array([wide, 0.38 * step, 0.75 * half], np.float32),
            0.09,
            0.09,
        )
        for side in (-1, 1):
            for tube in _arch(centre, side, step, half):
                add_bone(cloud, tube)


def _arch(centre: Points, side: int, step: float, half: float) -> list[Tube]:
    """One half of a vertebra's arch: towards the spinous process, the transverse process, and the pedicle."""
    root = centre + np.array([0.68 * side * half, -0.10 * step, -half])
    spinous = centre + np.array([0.10 * side * half, 0.25 * step, -2.0 * half])
    transverse = centre + np.array([1.9 * side * half, -0.12 * step, -1.4 * half])
    body = root + np.array([0.0, 0.0, 0.9 * half])
    ends = ((spinous, 0.20, 0.13), (transverse, 0.20, 0.10), (body, 0.24, 0.07))
    return [
        Tube(
            np.stack([root, (root + end) / 2, end]),
            (wide * half, 1.2 * wide * half),
            cortex,
        )
        for end, wide, cortex in ends
    ]


def _add_hips(cloud: Cloud, chest: Chest) -> None:
    """Wings of the hip bones for films that reach so far."""
    width, top = chest.baby.chest_mm, chest.vertebra(17)
    for side in (-1, 1):
        for first, last, radius in (
            ((0.10, 0.06), (0.27, 0.17), 0.085),
            ((0.14, 0.45), (0.20, 0.34), 0.04),
        ):
            ends = [(side * x * width, top + y * width, 0.0) for x, y in (first, last)]
            line = np.linspace(ends[0], ends[1], 12)
            add_bone(
                cloud,
                Tube(
                    line,
                    (0.4 * radius * width, radius * width),
                    0.45,
                    0.06,
                    rounded=2.5,
                ),
            )
