"""What a disease does to the lungs: air lost, fine grain, air-filled bronchi, vessels, fluid, leaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.appearance import Disease
from train.phantom.canvas import (
    Canvas,
    Plane,
    add_tube,
    blur,
    curve,
    smooth_noise,
    smooth_step,
)
from train.phantom.chest import Chest
from train.phantom.lungs import Lungs
from train.phantom.trees import Branching, draw_tree

LUNG_DENSITY = 0.30
"""Of a healthy, air-filled newborn lung, relative to soft tissue."""
BRONCHI = Branching(stem=1.7, twig=0.50, orders=4, wander=0.36)
VESSELS = Branching(stem=1.45, twig=0.22, orders=6)
STREAKS = Branching(stem=1.2, twig=0.45, orders=4, wander=0.6)


@dataclass(frozen=True, slots=True, eq=False)
class Filling:
    """What is in the chest beside tissue.

    Attributes
    ----------
    air
        Path through air, millimetres.
    extra
        Path through fluid and lines that lie where air was, millimetres.
    """

    air: Plane
    extra: Plane


def fill_lungs(chest: Chest, lungs: Lungs, canvas: Canvas, rng: np.random.Generator) -> Filling:
    """Give the lungs the air, vessels and bronchi that the disease leaves them."""
    look = chest.baby.appearance
    density = _density(chest, lungs, canvas, rng)
    inside = smooth_step(lungs.air - 1.5, 1.5)
    vessels = np.minimum(draw_tree(chest, canvas, VESSELS, rng), 3.5)
    swollen = 1.5 + 0.6 * min(look.streaks, 1.0)
    air = np.maximum(lungs.air - swollen * vessels * inside, 0) * (1 - density)
    bronchi = np.minimum(draw_tree(chest, canvas, BRONCHI, rng), 3.4)
    seen = np.clip((look.bronchogram + 0.08 - lungs.depth) / 0.16, 0, 1) * (lungs.right + lungs.left > 0)
    fade = 1.0 - 0.45 * max(0.0, look.haze - 0.7) / 0.25
    air = np.asarray(air + 1.9 * fade * bronchi * seen * np.clip(density - 0.15, 0, 1), np.float32)
    extra = _fluid(chest, lungs, canvas, rng)
    if chest.baby.disease is Disease.PNEUMOTHORAX:
        air, line = _leak(chest, lungs, air, canvas, rng)
        extra = extra + line
    return Filling(air, np.asarray(np.minimum(extra, 0.9 * lungs.air), np.float32))


def _density(chest: Chest, lungs: Lungs, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Density of the lungs relative to soft tissue, [0, 1]."""
    look = chest.baby.appearance
    clouds = smooth_noise(canvas, rng, 0.35 * chest.baby.chest_mm) * np.float32(0.12 * (1 - look.haze))
    lost: Plane = look.haze * (1 + clouds) + 0.10 * look.haze * (lungs.low - 0.5)
    lost = lost + 0.050 * look.granularity * grain(canvas, rng)
    lost = lost + 0.006 * smooth_noise(canvas, rng, 3.0) + 0.05 * (0.5 - lungs.depth) * (1 - look.haze)
    if look.patches > 0.05:
        lost = lost + look.patches * _patches(chest, canvas, rng)
    if look.streaks > 0.05:
        lost = lost + look.streaks * _streaks(chest, lungs, canvas, rng)
    if look.nodules > 0.05:
        lost = lost + look.nodules * _nodules(canvas, rng)
    return np.asarray(np.clip(LUNG_DENSITY + (1 - LUNG_DENSITY) * lost, 0.12, 0.985), np.float32)


def grain(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Band-limited noise of 0.6 to 1.2 mm, deviation 1, as collapsed air sacs between open ones."""
    noise = rng.standard_normal((canvas.rows, canvas.columns), np.float32)
    band = blur(noise, max(0.22 / canvas.pitch, 0.4)) - blur(noise, max(0.50 / canvas.pitch, 0.9))
    return np.asarray(band / np.float32(band.std() + 1e-6), np.float32)


def _patches(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Uneven consolidation, more on one side."""
    clouds = smooth_noise(canvas, rng, 0.16 * chest.baby.chest_mm) + 0.4 * smooth_noise(canvas, rng, 5.0)
    side = 0.5 + 0.5 * rng.choice([-1.0, 1.0]) * np.tanh(canvas.x / (0.2 * chest.baby.chest_mm))
    return np.asarray(0.34 * np.clip(clouds - 0.2, 0, 1.6) * (0.15 + 0.85 * side), np.float32)


def _streaks(chest: Chest, lungs: Lungs, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Fluid along the vessels, fading from the hila outwards."""
    lines = np.minimum(draw_tree(chest, canvas, STREAKS, rng), 2.0)
    haze = 0.16 * np.exp(-((lungs.depth / 0.35) ** 2))
    near = 1 - 0.75 * lungs.depth
    soft = blur(np.asarray(0.12 * lines * near, np.float32), 0.5 / canvas.pitch)
    return np.asarray(soft + haze, np.float32)


def _nodules(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Coarse ropy density between overfilled parts."""
    ropes = 1 - np.abs(smooth_noise(canvas, rng, 5.5)) / 0.8
    clouds = np.clip(smooth_noise(canvas, rng, 11.0), -0.5, 1.5)
    return np.asarray(0.22 * np.clip(ropes, 0, 1) + 0.13 * clouds - 0.08, np.float32)


def _fluid(chest: Chest, lungs: Lungs, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Fluid in the horizontal fissure (60 % of wet lungs) and beside the lung (30 %)."""
    plane, disease = canvas.blank(), chest.baby.disease
    half, length = chest.half, chest.baby.lung_mm
    wet = disease is Disease.WET_LUNG
    if wet and rng.random() < 0.6:
        y = rng.uniform(0.44, 0.54) * length
        points = [
            (-0.25 * half, y),
            (-0.6 * half, y - 0.02 * length),
            (-0.97 * half, y + 0.04 * length),
        ]
        line = curve(points)
        add_tube(plane, canvas, line, [0.55 * chest.baby.scale] * len(line))
        plane = 3.2 * plane
    if (wet and rng.random() < 0.3) or (disease is Disease.PNEUMONIA and rng.random() < 0.3):
        side, thick = rng.choice([-1, 1]), rng.uniform(0.03, 0.07) * half
        edge = side * canvas.x - (chest.width_at(canvas.y) - thick * (1 + 1.3 * lungs.low**3))
        plane = plane + 0.8 * chest.depth * smooth_step(np.asarray(edge, np.float32), 0.5)
    return blur(plane, 0.3 / canvas.pitch)


def _leak(
    chest: Chest, lungs: Lungs, air: Plane, canvas: Canvas, rng: np.random.Generator
) -> tuple[Plane, Plane]:
    """Air outside the lung: no vessels beyond a thin white line, the lung behind it fuller of tissue."""
    side, half = float(rng.choice([-1, 1])), chest.half
    gap = rng.uniform(0.16, 0.45) * half * (0.6 + 0.8 * lungs.low**1.5)
    wave = 0.03 * half * smooth_noise(canvas, rng, 0.3 * chest.baby.chest_mm)
    beyond = np.asarray(side * canvas.x - (chest.width_at(canvas.y) - gap) + wave, np.float32)
    free = smooth_step(beyond, 0.3)
    here = np.where(side < 0, lungs.right, lungs.left)
    collapsed = np.where(here > 0, 0.78, 1.0)
    line = 1.1 * np.exp(-((beyond / 0.45) ** 2)) * (here > 0)
    full = 0.93 * lungs.air
    freed = np.where(here > 0, free * full + (1 - free) * collapsed * air, air)
    return np.asarray(freed, np.float32), np.asarray(line, np.float32)
