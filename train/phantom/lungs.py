"""Lungs as the air between ribs, mediastinum and diaphragm, with the heart and thymus that displace it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.phantom.canvas import Canvas, Plane, blur, ellipse, smooth_noise, smooth_step
from train.phantom.chest import Chest

THYMUS = {"none": 0.20, "symmetric": 0.45, "right sail": 0.25, "left": 0.10}


@dataclass(frozen=True, slots=True, eq=False)
class Lungs:
    """Lungs on a canvas.

    Attributes
    ----------
    right, left
        Path through each lung before heart and thymus displace it, millimetres.
    air
        Path through both lungs, millimetres.
    depth
        0 at the hilum to 1 at the chest wall.
    low
        0 at the apex to 1 at the dome.
    """

    right: Plane
    left: Plane
    air: Plane
    depth: Plane
    low: Plane

    def sides(self) -> NDArray[np.uint8]:
        """1 right lung, 2 left lung, with the parts behind heart and diaphragm."""
        return np.where(self.right > 0, 1, np.where(self.left > 0, 2, 0)).astype(np.uint8)


def draw_lungs(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Lungs:
    """Draw both lungs of an upright baby, its right at the left of the image."""
    x, y = uneven(chest, canvas, rng)
    right, left = _lung(chest, x, y, -1), _lung(chest, x, y, 1)
    front = np.maximum(_heart(chest, canvas, rng), _thymus(chest, canvas, rng))
    soft = chest.baby.appearance.blurred_mm
    whole = right + left
    air = np.maximum(whole - np.minimum(front, 0.82 * whole), 0)
    if soft > 0.3:
        air = blur(air, soft / canvas.pitch)
    return Lungs(
        right=right,
        left=left,
        air=air,
        depth=np.clip((np.abs(x) / chest.half - 0.25) / 0.70, 0, 1),
        low=np.clip(y / chest.baby.lung_mm, 0, 1),
    )


def uneven(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Coordinates of every pixel with the smooth unevenness that makes each baby a person."""
    amount = np.float32(0.010 * chest.baby.chest_mm)
    period = 0.4 * chest.baby.chest_mm
    return (
        canvas.x + amount * smooth_noise(canvas, rng, period),
        canvas.y + amount * smooth_noise(canvas, rng, period),
    )


def _lung(chest: Chest, x: Plane, y: Plane, side: int) -> Plane:
    """Path through one lung; side -1 is the patient's right, at the left of the image."""
    half, length = chest.half, chest.baby.lung_mm
    across = np.float32(side) * x * np.float32(1 - 0.25 * side * chest.view.roll)
    width, deep = chest.width_at(y), chest.depth_at(y)
    chord = deep * np.sqrt(np.maximum(1 - (across / width) ** 2, 0))
    inner = half * (0.27 + 0.12 * np.clip(1 - y / (0.30 * length), 0, 1) ** 1.5)
    inner = inner + np.float32(side * chest.front(-0.25))
    medial = np.clip((across - inner) / (0.22 * half), 0, 1)
    top = 0.05 * length + 0.16 * length * ((across - 0.42 * half) / (0.45 * half)) ** 2
    apex = np.clip((y - top) / (0.45 * length), 0, 1)
    path = 2 * chord * np.sqrt(medial) * np.sqrt(1 - (1 - apex) ** 2)
    path = path - np.minimum(_below_dome(chest, across, y, chord, side), path)
    return np.where(path > 0.035 * chest.baby.depth_mm, path, 0).astype(np.float32)


def _below_dome(chest: Chest, across: Plane, y: Plane, chord: Plane, side: int) -> Plane:
    """Length of the beam inside the chest that runs below the diaphragm; the recess behind stays lung."""
    half, length = chest.half, chest.baby.lung_mm
    dome = length + (chest.left_drop if side > 0 else 0.0)
    bulge = 0.42 * length * np.clip((across - 0.45 * half) / half, -0.22, 1) ** 2
    deeper = np.maximum(y - dome - bulge, 0)
    reach = chest.depth * np.sqrt(deeper / (0.075 * length))
    middle = 0.25 * chest.depth
    path = np.minimum(middle + reach, chord) - np.maximum(middle - reach, -chord)
    return np.asarray(np.where(deeper > 0, np.maximum(path, 0), 0), np.float32)


def _heart(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Heart and great vessels."""
    width = 2 * chest.half * chest.baby.heart_ratio
    length, deep = chest.baby.lung_mm, chest.depth
    shift = chest.front(0.35)
    right_edge = shift - rng.uniform(0.33, 0.39) * width
    left_edge = right_edge + width
    tilt = float(rng.uniform(0.30, 0.55))
    low = rng.uniform(0.66, 0.74) * length
    centre = (0.42 * right_edge + 0.58 * left_edge, low)
    reach = (left_edge - centre[0]) / float(np.hypot(np.cos(tilt), 0.75 * np.sin(tilt)))
    ventricle = ellipse(canvas, centre, (reach, 0.42 * length), tilt)
    atrium = ellipse(
        canvas,
        (right_edge + 0.30 * width, low - 0.02 * length),
        (0.30 * width, 0.34 * length),
    )
    vessels = ellipse(canvas, (shift + 0.02 * width, 0.34 * length), (0.20 * width, 0.62 * length))
    plane = 1.35 * deep * np.maximum(ventricle, 0.9 * atrium)
    return blur(np.maximum(plane, 1.0 * deep * vessels), 0.4 / canvas.pitch)


def _thymus(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Thymus in front of the great vessels: none, both sides, a sail on the right, or left."""
    kind = rng.choice(list(THYMUS), p=list(THYMUS.values()))
    half, length, shift = chest.half, chest.baby.lung_mm, chest.front(0.7)
    thick = chest.depth * rng.uniform(0.45, 0.8)
    size = rng.uniform(0.30, 0.46) * half
    plane = canvas.blank()
    if kind == "right sail":
        return thick * _sail(chest, canvas, shift, rng.uniform(0.45, 0.62) * half)
    for side, kinds in ((-1, {"symmetric"}), (1, {"symmetric", "left"})):
        if kind in kinds:
            wave = 1 + 0.05 * np.sin(2 * np.pi * canvas.y / (0.22 * length))
            lobe = ellipse(
                canvas,
                (shift + side * 0.12 * half, 0.24 * length),
                (size, 0.36 * length),
            )
            plane = np.maximum(plane, thick * smooth_step(lobe * wave - 0.25, 0.3) * lobe)
    return plane


def _sail(chest: Chest, canvas: Canvas, shift: float, reach: float) -> Plane:
    """Triangle to the right with a straight lower border, as a sail."""
    length = chest.baby.lung_mm
    outer = canvas.x - shift + reach * np.clip(canvas.y / (0.48 * length), 0, 1) ** 0.8
    lower = (0.50 * length + 0.10 * (canvas.x - shift)) - canvas.y
    middle = shift + 0.1 * chest.half - canvas.x
    inside = np.minimum(np.minimum(outer, lower), middle + 0 * canvas.y)
    return smooth_step(np.asarray(inside, np.float32), 1.0) * (canvas.y > -0.1 * length)
