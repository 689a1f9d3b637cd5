"""Spine, ribs, clavicles and arm bones: thickness of mineral along the beam, millimetres of cortical bone."""

from __future__ import annotations

import numpy as np

from train.phantom.anatomy import arm_points
from train.phantom.baby import Baby
from train.phantom.canvas import Canvas, Plane, Point, add_tube, blur, smooth_step

RIBS = 12


def draw_bones(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Draw the skeleton that a chest film shows."""
    mineral = rng.uniform(1.0, 1.6) * np.interp(baby.weeks, (24, 40), (0.7, 1.1))
    plane = _spine(baby, canvas, rng) + _ribs(baby, canvas, rng) + _limbs(baby, canvas, rng)
    return blur((mineral * plane).astype(np.float32), 0.25 / canvas.pitch)


def _spine(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Draw a column of vertebral bodies with gaps, and two rows of pedicles."""
    half = 0.062 * baby.chest_mm
    step = baby.lung_mm * 1.5 / RIBS
    bend = rng.normal(0, 0.012) * baby.chest_mm
    x = canvas.x - bend * np.sin(canvas.y / (0.8 * baby.lung_mm))
    column = np.sqrt(np.maximum(1 - (x / half) ** 2, 0))
    bodies = 0.55 + 0.45 * np.sin(2 * np.pi * canvas.y / step) ** 2
    pedicles = np.exp(-(((np.abs(x) - 0.7 * half) / (0.2 * half)) ** 2)) * np.clip(
        np.cos(2 * np.pi * canvas.y / step), 0, 1
    )
    return np.asarray(3.2 * column * bodies + 0.9 * pedicles, np.float32)


def _ribs(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Twelve pairs, nearly horizontal behind, their edges denser than their middle."""
    plane = canvas.blank()
    step = baby.lung_mm * 1.6 / RIBS
    slope = rng.uniform(0.0, 0.18)
    phase = rng.uniform(-0.3, 0.3)
    for number in range(RIBS):
        for side in (-1, 1):
            _add_rib(plane, canvas, baby, side, (number - 1.3 + phase) * step, slope + 0.02 * number)
    return plane


def _add_rib(plane: Plane, canvas: Canvas, baby: Baby, side: int, start_y: float, slope: float) -> None:
    half = baby.chest_mm / 2
    drop = 0.5 * baby.lung_mm
    low, high = sorted((side * 0.05 * baby.chest_mm, side * 1.02 * half))
    window = canvas.window((low, start_y - 5), (high, start_y + slope * half + drop + 5))
    away = side * canvas.x[:, window[1]]
    along = np.clip(away / half, 0, 1)
    arch = 0.07 * half * np.sin(np.pi * along) - drop * np.clip(along - 0.6, 0, 1) ** 2 * 3
    middle = start_y + slope * away - arch
    thick = 0.019 * baby.chest_mm
    offset = np.abs(canvas.y[window[0]] - middle) / thick
    shell = 0.25 * np.exp(-(((offset - 0.8) / 0.3) ** 2)) + 0.9 * smooth_step(
        (1 - offset).astype(np.float32), 0.35
    )
    curve = 1 + 1.2 * along**6
    ends = smooth_step((away - 0.05 * baby.chest_mm).astype(np.float32), 1.0) * (along < 1)
    plane[window] += (0.75 * shell * curve * ends).astype(np.float32)


def _limbs(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Clavicles, shoulder blades' edges, humeri and forearms."""
    plane = canvas.blank()
    half, length = baby.chest_mm / 2, baby.lung_mm
    raised = bool(rng.random() < 0.55)
    for side in (-1, 1):
        lift = rng.normal(0, 0.03) * length
        clavicle: list[Point] = [
            (side * 0.10 * half, 0.06 * length + lift),
            (side * 0.5 * half, -0.02 * length + lift),
            (side * 0.92 * half, -0.08 * length + lift),
        ]
        add_tube(plane, canvas, clavicle, [0.014 * baby.chest_mm] * 3)
        blade: list[Point] = [
            (side * 0.95 * half, 0.0),
            (side * 0.70 * half, 0.25 * length),
            (side * 0.80 * half, 0.55 * length),
            (side * 1.02 * half, 0.1 * length),
        ]
        add_tube(plane, canvas, blade, [0.009 * baby.chest_mm] * 4)
        add_tube(plane, canvas, arm_points(baby, side, raised=raised), [0.03 * baby.chest_mm] * 3)
    return 0.7 * plane
