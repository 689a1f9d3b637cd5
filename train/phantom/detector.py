"""From line integrals to the picture a detector and its vendor's processing give."""

from __future__ import annotations

import numpy as np

from train.phantom.canvas import Canvas, Plane, blur


def expose_plane(attenuation: Plane, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Add scatter, quantum noise and blur to line integrals; returns log signal, higher is whiter."""
    primary = np.exp(-attenuation)
    ratio = rng.uniform(0.15, 0.45)
    seen = (primary + ratio * blur(primary, 12 / canvas.pitch)) / (1 + ratio)
    dose = 10 ** rng.uniform(3.3, 4.4) * (canvas.pitch / 0.3) ** 2
    noise = rng.standard_normal(seen.shape, np.float32)
    counted = np.maximum(seen + np.sqrt(seen / dose).astype(np.float32) * noise, 2e-3)
    return blur(-np.log(counted), max(rng.uniform(0.08, 0.15) / canvas.pitch, 0.35))


def vendor_look(signal: Plane, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Latitude, edge enhancement and gamma of one of many fictional vendors; returns [0, 1]."""
    coarse = blur(signal, rng.uniform(6, 14) / canvas.pitch)
    levelled = signal - rng.uniform(0.0, 0.5) * (coarse - coarse.mean())
    sharpened = levelled + rng.uniform(0.0, 0.8) * (
        levelled - blur(levelled, rng.uniform(0.4, 1.2) / canvas.pitch)
    )
    low, high = np.percentile(sharpened, (rng.uniform(0.2, 4), rng.uniform(98.0, 99.8)))
    spread = np.clip((sharpened - low) / max(float(high - low), 1e-3), 0, 1)
    return np.asarray(spread ** rng.uniform(0.75, 1.5), np.float32)


def collimate(picture: Plane, canvas: Canvas, rng: np.random.Generator) -> tuple[Plane, Plane]:
    """Cover some edges by blades.

    Returns
    -------
    tuple
        The picture with the covered part black (or, rarely, white), and 1 where it is open.
    """
    open_part = np.ones_like(picture)
    if rng.random() < 0.55:
        return picture, open_part
    y, x = np.mgrid[0 : canvas.rows, 0 : canvas.columns].astype(np.float32)
    slant = np.tan(np.deg2rad(rng.uniform(-3, 3)))
    widest = 0.07 * max(canvas.rows, canvas.columns)
    for position, across, length in ((x, y, canvas.columns), (y, x, canvas.rows)):
        for edge in (position, length - position):
            if rng.random() < 0.6:
                open_part[edge + slant * across < rng.uniform(0.1, 1) * widest] = 0
    return np.where(open_part > 0, picture, np.float32(rng.random() < 0.12)), open_part
