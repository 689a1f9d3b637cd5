"""Disease painted into lungs of real films: haze, grain, air-filled bronchi, lost borders, streaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from train.hybrid.looks import Look
from train.hybrid.tissue import Tissue
from train.hybrid.tree import BRONCHI, STREAKS, draw_trees
from train.phantom.canvas import Canvas, Plane, blur, smooth_noise

_AIR_PATH_MM = 24.0
"""Air that a beam meets in a healthy newborn lung: what `Tissue.level` corresponds to."""
_BRONCHUS_CONTRAST = 4.5
"""Airways look darker than their bore alone would make them, as vendors enhance what is small."""
_GRAIN_CONTRAST = 0.12
"""Deviation of the strongest grain, relative to the grey that air takes away."""


def paint(pixels: Plane, tissue: Tissue, look: Look, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Paint a disease inside the outline of the lungs.

    Parameters
    ----------
    pixels
        float32 (rows, columns) in [0, 1], 1 is white.
    tissue
        The same film taken apart.
    canvas
        The film's grid in millimetres of the newborn that it stands for.

    Returns
    -------
    ndarray
        float32, may exceed 1; for `looks.NOTHING` the pixels themselves, bit for bit.
    """
    lost = _air_lost(tissue, look, canvas, rng)
    painted = pixels + lost * tissue.air
    painted -= 0.65 * lost * tissue.inside * (pixels - blur(pixels, 0.016 * tissue.width))
    painted += 0.4 * lost**2 * (tissue.airless - painted) * np.clip(2 * tissue.air / tissue.level, 0, 1)
    painted = _hide_borders(painted, tissue, look)
    if look.grain > 0:
        painted += _GRAIN_CONTRAST * look.grain * _grain(canvas, rng) * _depth(tissue, 0.25)
    if look.lucency > 0 and look.reach > 0:
        painted -= _bronchi(tissue, look, canvas, rng) * np.minimum(1, 0.25 + lost)
    if look.streaks > 0:
        painted += _streaks(tissue, look, canvas, rng)
    return painted.astype(np.float32)


def _depth(tissue: Tissue, behind_heart: float) -> Plane:
    """Grey of the lung's full depth, less where the heart takes most of it."""
    return (behind_heart * tissue.level * tissue.inside + (1 - behind_heart) * tissue.air).astype(np.float32)


def _air_lost(tissue: Tissue, look: Look, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Part of the air that is lost, [0, 1], a little uneven, more at the bases or at the hila by chance."""
    size = canvas.pitch * tissue.width
    uneven = 1 + 0.12 * smooth_noise(canvas, rng, 0.3 * size)
    slope = 1 + rng.uniform(-0.1, 0.25) * (canvas.y / (0.5 * size) - 0.5)
    lost = look.haze * np.clip(uneven * slope, 0.4, 1.6)
    if look.patches > 0:
        clouds = np.clip(smooth_noise(canvas, rng, 0.14 * size) - 0.5, 0, 1.2)
        side = 0.5 + 0.5 * rng.choice([-1.0, 1.0]) * np.tanh(canvas.x / (0.2 * size))
        lost = lost + 0.55 * look.patches * clouds * (0.2 + 0.8 * side)
    return np.clip(lost, 0, 0.98).astype(np.float32)


def _hide_borders(painted: Plane, tissue: Tissue, look: Look) -> Plane:
    """Blur the band along heart and diaphragm."""
    if look.borders <= 0:
        return painted
    near = blur(tissue.solid, 0.022 * tissue.width)
    along_lung = np.clip(2 * blur(tissue.inside, 0.03 * tissue.width), 0, 1)
    band = look.borders * np.clip(4.5 * near * (1 - near), 0, 1) * along_lung
    softened = blur(painted, (0.006 + 0.024 * look.borders) * tissue.width)
    return np.asarray(painted + band * (softened - painted), np.float32)


def _grain(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Granules of 0.6 to 1.2 mm and the net between them, deviation 1."""
    size = rng.uniform(0.85, 1.25)
    granules, net = _band(canvas, rng, size), _band(canvas, rng, 1.3 * size)
    mixed = 0.8 * granules - 0.6 * (np.abs(net) - 0.8)
    return np.asarray(mixed / np.float32(mixed.std() + 1e-6), np.float32)


def _band(canvas: Canvas, rng: np.random.Generator, size: float) -> Plane:
    noise = rng.standard_normal((canvas.rows, canvas.columns), np.float32)
    fine = blur(noise, max(0.20 * size / canvas.pitch, 0.5))
    band = fine - blur(noise, max(0.48 * size / canvas.pitch, 1.25))
    return band / np.float32(band.std() + 1e-6)


def _bronchi(tissue: Tissue, look: Look, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Darkness of air-filled bronchi, as far out as the disease shows them."""
    bore, way = draw_trees(canvas, tissue.lungs, BRONCHI, rng)
    seen = np.clip((look.reach - way) / 0.15 + 0.5, 0, 1)
    dark = _BRONCHUS_CONTRAST * look.lucency / _AIR_PATH_MM * _depth(tissue, 0.45)
    return np.asarray(dark * blur(np.minimum(bore, 2.6), 0.12 / canvas.pitch) * seen, np.float32)


def _streaks(tissue: Tissue, look: Look, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Fluid along the vessels, fading from the hila outwards, and often the fissure of the right lung."""
    bore, way = draw_trees(canvas, tissue.lungs, STREAKS, rng)
    wet = 0.10 * blur(np.minimum(bore, 2.5), 0.35 / canvas.pitch) * np.clip(1.1 - 1.1 * way, 0, 1)
    if rng.random() < 0.6:
        wet = wet + 0.35 * _fissure(tissue.lungs, canvas, rng)
    return np.asarray(look.streaks * tissue.level * wet * tissue.inside, np.float32)


def _fissure(lungs: NDArray[np.uint8], canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Draw the thickened horizontal fissure, 0 to 1."""
    right = np.argwhere(lungs == 1)
    if len(right) == 0:
        return canvas.blank()
    (top, left), (bottom, _) = right.min(axis=0), right.max(axis=0)
    width = np.ptp(right[:, 1])
    row = top + rng.uniform(0.48, 0.60) * (bottom - top)
    u = (np.arange(canvas.columns) - left) / max(width, 1)
    line = row + 0.03 * width * np.sin(2.5 * u + rng.uniform(0, 3))
    rows = np.arange(canvas.rows)[:, None]
    thick = 0.45 / canvas.pitch
    return np.asarray(np.exp(-0.5 * ((rows - line) / thick) ** 2) * ((u > 0) & (u < 0.85)), np.float32)
