"""From line integrals to the picture a detector and its vendor's processing give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.canvas import Canvas, Plane, blur


@dataclass(frozen=True, slots=True)
class Vendor:
    """Processing of one fictional vendor.

    Attributes
    ----------
    name
        As in Manufacturer (0008,0070).
    latitude
        Part of the broad differences in thickness that is taken out, [0, 1].
    edges
        Gain of the edges.
    contrast
        Steepness of the tone curve.
    brightness
        Where on the curve the middle of the body comes, [0, 1].
    """

    name: str
    latitude: float
    edges: float
    contrast: float
    brightness: float


VENDORS = (
    Vendor("SynthVendorA", 0.35, 0.5, 3.4, 0.39),
    Vendor("SynthVendorB", 0.60, 0.9, 3.0, 0.43),
    Vendor("SynthVendorC", 0.15, 0.2, 4.0, 0.37),
)


def expose(attenuation: Plane, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Add scatter, quantum noise and blur to line integrals; returns log signal, higher is whiter."""
    primary = np.exp(-attenuation)
    ratio = np.float32(rng.uniform(0.2, 0.5))
    seen = (primary + ratio * blur(primary, 14 / canvas.pitch)) / (1 + ratio)
    quanta = 10 ** rng.uniform(3.9, 4.8) * (canvas.pitch / 0.15) ** 2
    noise = rng.standard_normal(seen.shape, np.float32)
    noise *= np.sqrt(seen / np.float32(quanta))
    counted = np.maximum(seen + noise, np.float32(2e-3))
    signal = -np.log(counted)
    if rng.random() < 0.01:
        signal[:, int(rng.integers(signal.shape[1]))] = float(signal.max())
    return blur(signal, max(rng.uniform(0.08, 0.15) / canvas.pitch, 0.35))


def develop(signal: Plane, body: Plane, canvas: Canvas, rng: np.random.Generator) -> tuple[Plane, Vendor]:
    """Give the signal a vendor's look.

    Parameters
    ----------
    body
        Open part of the film that shows the baby and no lead, 1 or 0; exposure is read there.

    Returns
    -------
    tuple
        float32 picture in [0, 1], and the vendor.
    """
    vendor = VENDORS[int(rng.integers(len(VENDORS)))]
    coarse = blur(signal, rng.uniform(9, 16) / canvas.pitch)
    step = max(1, signal.shape[0] // 300)
    sample = body[::step, ::step] > 0
    middle = np.float32(np.median(coarse[::step, ::step][sample])) if sample.any() else np.float32(1)
    flat = signal - np.float32(vendor.latitude * rng.uniform(0.8, 1.2)) * (
        np.clip(coarse, middle - 1.7, middle + 1) - middle
    )
    edges = np.float32(vendor.edges * rng.uniform(0.6, 1.4))
    flat += edges * (flat - blur(flat, rng.uniform(0.5, 1.3) / canvas.pitch))
    return tone(flat, flat[::step, ::step][sample], vendor, rng), vendor


def tone(flat: Plane, shown: Plane, vendor: Vendor, rng: np.random.Generator) -> Plane:
    """Map the signal to [0, 1] by an S-shaped curve laid over what the body shows."""
    low, high = np.percentile(shown, (2, 99)) if shown.size else (0.0, 1.0)
    span = max(float(high - low), 1.35)
    low = high - span
    contrast = vendor.contrast * rng.uniform(0.8, 1.2)
    centre = 1 - vendor.brightness + rng.uniform(-0.06, 0.06)
    knots = np.linspace(-0.6, 1.4, 512)
    curve = 1 / (1 + np.exp(-contrast * (knots - centre - 0.05)))
    dark, bright = np.interp((-0.12, 1.08), knots, curve)
    curve = np.clip((curve - dark) / (bright - dark), 0, 1).astype(np.float32)
    index = (flat - np.float32(low)) * np.float32(511 / (2.0 * span)) + np.float32(0.3 * 511)
    np.clip(index, 0, 510.999, out=index)
    floor = index.astype(np.int32)
    index -= floor
    return np.asarray(curve[floor] * (1 - index) + curve[floor + 1] * index, np.float32)


def collimate(canvas: Canvas, rng: np.random.Generator, *, whole: bool) -> Plane:
    """Where the blades leave the film open, 1 or 0; none to four sides, up to 3 degrees askew."""
    open_part = np.ones((canvas.rows, canvas.columns), np.float32)
    if rng.random() < 0.4:
        return open_part
    slant = np.float32(np.tan(np.deg2rad(rng.uniform(-3, 3))))
    x = np.arange(canvas.columns, dtype=np.float32)[None, :]
    y = np.arange(canvas.rows, dtype=np.float32)[:, None]
    widest = (0.16 if whole else 0.06) * max(canvas.rows, canvas.columns)
    for position, across, length in ((x, y, canvas.columns), (y, x, canvas.rows)):
        for way in (1, -1):
            if rng.random() < 0.6:
                edge = position if way > 0 else length - 1 - position
                open_part *= edge + way * slant * across > np.float32(rng.uniform(0.1, 1) * widest)
    return open_part


def shutter(picture: Plane, open_part: Plane, rng: np.random.Generator) -> Plane:
    """Cover what the blades kept dark: black by the vendor's shutter, or, rarely, left white."""
    cover = 1.0 if rng.random() < 0.10 else 0.0
    return np.where(open_part > 0, picture, np.float32(cover))
