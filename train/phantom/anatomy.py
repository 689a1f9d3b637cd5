"""Soft tissue, lungs, heart, airways and belly of a phantom, as thicknesses along the beam in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.phantom.baby import Baby
from train.phantom.canvas import Canvas, Plane, Point, add_tube, blur, ellipse, smooth_noise, smooth_step


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """Thicknesses in millimetres on the canvas.

    Attributes
    ----------
    body
        Soft tissue from skin to skin, as if there were no lungs.
    lung
        Lung along the beam, both sides.
    heart
        Heart and thymus that displace lung.
    gas
        Air in trachea, stomach and bowel.
    labels
        uint8: 1 right lung, 2 left lung, with the part behind heart and diaphragm.
    depth_in_lung
        0 at the hilum to 1 at the chest wall, for what changes from the middle outwards.
    """

    body: Plane
    lung: Plane
    heart: Plane
    gas: Plane
    labels: NDArray[np.uint8]
    depth_in_lung: Plane


def draw_anatomy(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Anatomy:
    """Draw one newborn, upright, its right at the left of the image."""
    x, y = _warped(baby, canvas, rng)
    right = _lung(baby, x, y, side=-1, drop_mm=0.0)
    left = _lung(baby, x, y, side=1, drop_mm=float(rng.uniform(1.5, 5)))
    labels = np.where(right > 0, 1, np.where(left > 0, 2, 0)).astype(np.uint8)
    half = baby.chest_mm / 2
    middle = baby.rotation * 0.05 * baby.chest_mm
    return Anatomy(
        body=_body(baby, canvas, x, y, rng),
        lung=(right + left).astype(np.float32),
        heart=_heart(baby, canvas, rng),
        gas=_gas(baby, canvas, rng),
        labels=labels,
        depth_in_lung=np.clip((np.abs(x - middle) - 0.15 * half) / (0.75 * half), 0, 1).astype(np.float32),
    )


def _warped(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Anatomical coordinates of every pixel: the smooth unevenness that makes each baby a person."""
    amount = 0.011 * baby.chest_mm
    x = canvas.x + amount * smooth_noise(canvas, rng, 0.35 * baby.chest_mm)
    y = canvas.y + amount * smooth_noise(canvas, rng, 0.35 * baby.chest_mm)
    return x.astype(np.float32), y.astype(np.float32)


def _lung(baby: Baby, x: Plane, y: Plane, *, side: int, drop_mm: float) -> Plane:
    """Thickness of one lung; side -1 is the patient's right, at the left of the image."""
    width = baby.chest_mm
    turned = 1 + 0.10 * side * baby.rotation
    across = side * (x - 0.03 * width * baby.rotation)
    length = baby.lung_mm + drop_mm
    down = y / length
    rise = np.clip(down / 0.8, 0, 1)
    outer = width * turned * (0.20 + 0.25 * (1 - (1 - rise) ** 2.2) ** 0.62)
    inner = width * (0.085 + 0.055 * np.clip(1 - down / 0.22, 0, 1) ** 1.5)
    middle, reach = 0.22 * width, 0.24 * width
    floor = length * (1.0 + 0.17 * ((across - middle) / reach) ** 2 * (across > middle)) + 0.06 * length
    between = np.clip((across - inner) * (outer - across) * 4 / np.maximum(outer - inner, 1) ** 2, 0, 1)
    top = np.clip((y - 0.03 * width * ((across - middle) / reach) ** 2) / (0.35 * length), 0, 1)
    bottom = np.clip((floor - y) / (0.22 * length), 0, 1)
    profile = np.sqrt(between) ** 0.8 * np.sqrt(top) * np.sqrt(bottom)
    profile[(across < inner) | (across > outer)] = 0
    return np.asarray(0.80 * baby.depth_mm * profile, np.float32)


def _body(baby: Baby, canvas: Canvas, x: Plane, y: Plane, rng: np.random.Generator) -> Plane:
    """Trunk, neck, head and arms."""
    half = baby.chest_mm / 2 + rng.uniform(3.5, 7.5)
    length = baby.lung_mm
    shoulder = np.clip((y + 0.35 * length) / (0.5 * length), 0, 1)
    belly = np.clip((y - length) / length, 0, 1)
    neck = 0.40
    outline = half * (neck + (1 - neck) * shoulder**0.6 + 0.10 * belly)
    trunk = baby.depth_mm * np.sqrt(np.maximum(1 - (x / outline) ** 2, 0)) * (0.65 + 0.35 * shoulder)
    head_y = -0.35 * length - 0.52 * baby.chest_mm
    head = ellipse(canvas, (rng.normal(0, 4), head_y), (0.46 * baby.chest_mm, 0.56 * baby.chest_mm))
    body = np.maximum(trunk, 0.9 * baby.depth_mm * head).astype(np.float32)
    arms = canvas.blank()
    for side in (-1, 1):
        points = arm_points(baby, side, raised=bool(rng.random() < 0.55))
        add_tube(arms, canvas, points, [0.11 * baby.chest_mm, 0.095 * baby.chest_mm, 0.08 * baby.chest_mm])
    return np.asarray(body + 0.9 * np.maximum(arms - 0.4 * body, 0), np.float32)


def arm_points(baby: Baby, side: int, *, raised: bool) -> list[Point]:
    """Shoulder, elbow and wrist."""
    half, length = baby.chest_mm / 2, baby.lung_mm
    shoulder = (side * 0.93 * half, 0.08 * length)
    if raised:
        return [shoulder, (side * 1.6 * half, -0.35 * length), (side * 1.35 * half, -1.2 * length)]
    return [shoulder, (side * 1.45 * half, 0.85 * length), (side * 1.5 * half, 1.8 * length)]


def _heart(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Heart, mediastinum and thymus."""
    width, length = baby.chest_mm, baby.lung_mm
    across = baby.heart_ratio * width
    shift = 0.03 * width * baby.rotation
    right_edge = -0.36 * across + shift
    centre = (right_edge + across / 2, 0.68 * length)
    heart = (
        0.62 * baby.depth_mm * ellipse(canvas, centre, (across / 2, 0.40 * length), rng.uniform(0.25, 0.6))
    )
    mediastinum = 0.5 * baby.depth_mm * ellipse(canvas, (shift, 0.3 * length), (0.115 * width, 0.75 * length))
    plane = np.maximum(heart, mediastinum)
    kind = rng.choice(["none", "both", "right sail", "left"], p=[0.2, 0.45, 0.25, 0.1])
    bulge = 0.4 * baby.depth_mm * rng.uniform(0.7, 1.1)
    if kind in {"both", "right sail"}:
        radius = (0.21 if kind == "right sail" else 0.15) * width
        plane = np.maximum(
            plane, bulge * ellipse(canvas, (shift - 0.06 * width, 0.25 * length), (radius, 0.3 * length))
        )
    if kind in {"both", "left"}:
        plane = np.maximum(
            plane,
            bulge * ellipse(canvas, (shift + 0.06 * width, 0.25 * length), (0.15 * width, 0.3 * length)),
        )
    return blur(plane.astype(np.float32), 0.9 / canvas.pitch)


def _gas(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Trachea, main bronchi, stomach bubble and bowel."""
    width, length = baby.chest_mm, baby.lung_mm
    airway = canvas.blank()
    carina = (0.02 * width * baby.rotation, 0.32 * length)
    bore = 0.019 * width
    add_tube(airway, canvas, [(rng.normal(0, 1), -0.9 * length), carina], [bore, bore])
    add_tube(airway, canvas, [carina, (-0.13 * width, 0.48 * length)], [0.8 * bore, 0.65 * bore])
    add_tube(airway, canvas, [carina, (0.15 * width, 0.50 * length)], [0.75 * bore, 0.6 * bore])
    belly = canvas.blank()
    if rng.random() < 0.8:
        centre = (rng.uniform(0.15, 0.28) * width, rng.uniform(1.35, 1.6) * length)
        radii = (rng.uniform(0.08, 0.2) * width, rng.uniform(0.07, 0.14) * width)
        belly = np.maximum(belly, 0.25 * baby.depth_mm * ellipse(canvas, centre, radii, rng.uniform(0, 3)))
    for _ in range(int(rng.integers(0, 16))):
        centre = (rng.uniform(-0.42, 0.42) * width, rng.uniform(1.75, 3.2) * length)
        radii = (rng.uniform(0.04, 0.09) * width, rng.uniform(0.03, 0.06) * width)
        belly = np.maximum(belly, 0.14 * baby.depth_mm * ellipse(canvas, centre, radii, rng.uniform(0, 3)))
    return airway + blur(belly, 0.6 / canvas.pitch)


def inside(labels: NDArray[np.uint8], soft_px: float) -> Plane:
    """Lungs as a plane from 0 to 1 with soft edges."""
    return smooth_step(blur((labels > 0).astype(np.float32), soft_px) - 0.5, 0.5)
