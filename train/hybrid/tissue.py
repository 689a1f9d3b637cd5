"""What a film would show without air in its lungs, and how much grey the air takes away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.phantom.canvas import Plane, blur, smooth_step


@dataclass(frozen=True, slots=True, eq=False)
class Tissue:
    """A film taken apart.

    Attributes
    ----------
    airless
        Grey that soft tissue alone would give, smooth, [0, 1].
    air
        How much darker air makes each pixel, without ribs and vessels, >= 0; 0 where nothing is painted.
    level
        Typical ``air`` of the film: the measure of every contrast that is painted.
    inside
        0 to 1: the lungs with soft edges, the part behind heart and diaphragm included.
    solid
        0 to 1: heart and diaphragm, whose borders with the lungs a disease may hide.
    lungs
        uint8 (rows, columns): 1 right lung, 2 left lung, as drawn.
    width
        Of both lungs together, pixels: the measure of every length that is painted.
    """

    airless: Plane
    air: Plane
    level: float
    inside: Plane
    solid: Plane
    lungs: NDArray[np.uint8]
    width: float


def take_apart(pixels: Plane, lungs: NDArray[np.uint8]) -> Tissue:
    """Estimate soft tissue and air of a film from its lung outline.

    Heart and diaphragm lie partly inside the outline; they are known by being nearly as white as the tissue
    around the lungs.
    """
    held = lungs > 0
    columns = np.flatnonzero(held.any(axis=0))
    width = float(columns[-1] - columns[0] + 1)
    coarse = blur(pixels, 0.012 * width)
    body = (~held & (coarse > 0.35 * np.median(coarse[held]) + 0.08)).astype(np.float32)
    envelope = _without_ribs(_fill(coarse, body, 0.10 * width) - coarse, held, width)
    level = max(float(np.percentile(envelope[held], 75)), 0.02)
    heart = held & (envelope < 0.35 * level)
    airless = _fill(coarse, body + heart, 0.10 * width)
    inside = blur(held.astype(np.float32), 0.006 * width)
    air = _even(envelope, held & ~heart, width) * smooth_step(envelope - 0.30 * level, 0.22 * level) * inside
    air = np.minimum(air, 1.25 * np.maximum(airless - blur(pixels, 0.025 * width), 0) + 0.10 * level * inside)
    below = ~held & (np.cumsum(held, axis=0) > 0) & held.any(axis=0)
    return Tissue(airless, air, level, inside, (heart | below).astype(np.float32), lungs, width)


def _fill(pixels: Plane, weight: Plane, sigma: float) -> Plane:
    """Carry the weighted pixels' grey smoothly over the others, near ones first."""
    total, mass = np.zeros_like(pixels), np.zeros_like(pixels)
    for wider, trust in ((1.0, 1.0), (3.0, 1e-2), (9.0, 1e-4)):
        total += trust * blur(pixels * weight, wider * sigma)
        mass += trust * blur(weight, wider * sigma)
    return np.asarray(total / np.maximum(mass, 1e-9), np.float32)


def _without_ribs(gap: Plane, held: NDArray[np.bool_], width: float) -> Plane:
    """Upper envelope of the gap from above to below: what air takes away where no rib hides it."""
    from scipy.ndimage import percentile_filter

    open_gap = np.where(held, np.maximum(gap, 0), 0).astype(np.float32)
    filled = np.where(held, open_gap, _fill(open_gap, held.astype(np.float32), 0.02 * width))
    step = max(1, round(width / 160))
    size = (max(3, round(0.09 * width / step)), max(1, round(0.015 * width / step)))
    high = percentile_filter(filled[::step, ::step], 75, size=size, mode="nearest")
    return blur(_enlarge(np.asarray(high, np.float32), (gap.shape[0], gap.shape[1])), 0.008 * width)


def _enlarge(plane: Plane, shape: tuple[int, int]) -> Plane:
    from PIL import Image

    picture = Image.fromarray(plane).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(picture, np.float32)


def _even(envelope: Plane, aerated: NDArray[np.bool_], width: float) -> Plane:
    """Smooth the envelope within the aerated lung, never far above itself."""
    weight = aerated.astype(np.float32)
    smooth = blur(envelope * weight, 0.04 * width) / np.maximum(blur(weight, 0.04 * width), 1e-3)
    return np.asarray(np.minimum(smooth, 1.15 * envelope), np.float32)
