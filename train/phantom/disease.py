"""What a disease does to the lungs: air lost, fine grain, air-filled bronchi, vessels, patches, streaks."""

from __future__ import annotations

import numpy as np

from train.phantom.anatomy import Anatomy
from train.phantom.baby import Baby
from train.phantom.canvas import Canvas, Plane, Point, add_tube, blur, smooth_noise

LUNG_DENSITY = 0.30
"""Of a healthy, air-filled newborn lung, relative to soft tissue."""


def lung_density(baby: Baby, anatomy: Anatomy, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Density of the lungs relative to soft tissue, [0, 1], on the whole canvas."""
    look = baby.appearance
    uneven = 1 + 0.18 * smooth_noise(canvas, rng, 0.3 * baby.chest_mm)
    lost = np.clip(look.haze * uneven, 0, 0.97)
    lost += 0.10 * look.granularity * _grain(canvas, rng)
    if look.patches > 0:
        lost += _patches(baby, canvas, rng) * look.patches
    if look.streaks > 0:
        lost += _streaks(baby, anatomy, canvas, rng) * look.streaks
    lost += 0.02 * smooth_noise(canvas, rng, 2.0)
    return np.asarray(np.clip(LUNG_DENSITY + (1 - LUNG_DENSITY) * lost, 0.12, 0.99), np.float32)


def _grain(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Band-limited noise of 0.6 to 1.2 mm, deviation 1, as collapsed air sacs between open ones."""
    noise = rng.standard_normal((canvas.rows, canvas.columns), np.float32)
    fine = blur(noise, max(0.22 / canvas.pitch, 0.4))
    band = fine - blur(noise, max(0.75 / canvas.pitch, 1.0))
    return band / np.float32(band.std() + 1e-6)


def _patches(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Uneven consolidation, more on one side."""
    clouds = np.clip(smooth_noise(canvas, rng, 0.14 * baby.chest_mm) - 0.6, 0, 1.5)
    side = 0.5 + 0.5 * rng.choice([-1.0, 1.0]) * np.tanh(canvas.x / (0.2 * baby.chest_mm))
    return np.asarray(0.40 * clouds * (0.25 + 0.75 * side), np.float32)


def _streaks(baby: Baby, anatomy: Anatomy, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Fluid along the vessels, fading from the hila outwards, and often the horizontal fissure."""
    plane = canvas.blank()
    for side in (-1, 1):
        draw_tree(plane, canvas, baby, side, rng, (2.2, 0.8))
    lines = 0.16 * np.minimum(plane, 2) * (1 - 0.8 * anatomy.depth_in_lung)
    if rng.random() < 0.6:
        fissure = canvas.blank()
        y = 0.52 * baby.lung_mm
        points: list[Point] = [
            (-0.12 * baby.chest_mm, y),
            (-0.3 * baby.chest_mm, y - 1),
            (-0.44 * baby.chest_mm, y + 2),
        ]
        add_tube(fissure, canvas, points, [0.5, 0.5, 0.5])
        lines = lines + 0.45 * fissure
    return blur(lines.astype(np.float32), 0.4 / canvas.pitch)


def draw_tree(
    plane: Plane, canvas: Canvas, baby: Baby, side: int, rng: np.random.Generator, radii: tuple[float, float]
) -> None:
    """Draw a branching tree from the hilum towards the chest wall and the diaphragm.

    Parameters
    ----------
    radii
        Relative radius of the stem and of the last twigs, millimetres for a chest of 100 mm.
    """
    scale = baby.chest_mm / 100
    hilum = (side * 0.12 * baby.chest_mm, 0.47 * baby.lung_mm)
    outwards = 0.0 if side > 0 else np.pi
    for angle in np.linspace(-1.15, 1.15, 6):
        heading = outwards + side * (angle + rng.normal(0, 0.12))
        _grow(
            plane,
            canvas,
            rng,
            (hilum, float(heading)),
            (0.15 * baby.chest_mm, radii[0] * scale * 0.5, radii[1] * scale * 0.5),
        )


def _grow(
    plane: Plane,
    canvas: Canvas,
    rng: np.random.Generator,
    start: tuple[Point, float],
    size: tuple[float, float, float],
) -> None:
    """Add a twig and two smaller ones at its end, until twigs are short."""
    (x, y), heading = start
    length, radius, last_radius = size
    if length < 3.0:
        return
    end = (x + length * float(np.cos(heading)), y + length * float(np.sin(heading)))
    thinner = max(radius * 0.68, last_radius)
    add_tube(plane, canvas, [(x, y), end], [radius, thinner])
    for turn in (-1, 1):
        bend = turn * rng.uniform(0.2, 0.55)
        _grow(
            plane,
            canvas,
            rng,
            (end, heading + bend),
            (length * rng.uniform(0.55, 0.72), thinner, last_radius),
        )


def bronchi(baby: Baby, anatomy: Anatomy, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Bore of the air-filled bronchi, millimetres, as far out as the disease leaves them visible."""
    plane = canvas.blank()
    for side in (-1, 1):
        draw_tree(plane, canvas, baby, side, rng, (2.6, 0.8))
    reach = baby.appearance.bronchogram
    return np.asarray(plane * (anatomy.depth_in_lung < reach), np.float32)


def vessels(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Thickness of lung vessels, millimetres; seen only where there is air around them."""
    plane = canvas.blank()
    for side in (-1, 1):
        draw_tree(plane, canvas, baby, side, rng, (3.0, 0.7))
    return plane
