"""Make a simulated newborn chest film with its lungs and its truth; the same seed gives the same film."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from train.phantom.anatomy import Anatomy, draw_anatomy, inside
from train.phantom.baby import Baby, Disease, draw_baby
from train.phantom.bones import draw_bones
from train.phantom.canvas import Canvas, Plane
from train.phantom.detector import collimate, expose_plane, vendor_look
from train.phantom.devices import DeviceRates, draw_devices
from train.phantom.disease import bronchi, lung_density, vessels

GENERATOR_VERSION = 1
"""Raise it when the same seed would give another film."""
SOFT_TISSUE_PER_MM = 0.0235
BONE_PER_MM = 0.055


@dataclass(frozen=True, slots=True)
class PhantomSettings:
    """How films are made.

    Attributes
    ----------
    long_side
        Pixels of the film's longer side.
    sideways
        Probability of a film that is stored turned by 90, 180 or 270 degrees.
    whole_baby
        Probability of a wide, hardly collimated film.
    """

    long_side: int = 640
    sideways: float = 0.10
    whole_baby: float = 0.33
    devices: DeviceRates = field(default_factory=DeviceRates)


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """One simulated film.

    Attributes
    ----------
    pixels
        float32 (rows, columns) in [0, 1], as stored (possibly sideways).
    lungs
        uint8 (rows, columns): 1 right lung, 2 left lung.
    pitch_mm
        Between pixel centres, both ways.
    turns
        Counter-clockwise quarter turns that make the stored film upright.
    """

    seed: int
    pixels: NDArray[np.float32]
    lungs: NDArray[np.uint8]
    pitch_mm: float
    turns: int
    baby: Baby
    devices: tuple[str, ...]


def make_phantom(
    seed: int, settings: PhantomSettings | None = None, *, disease: Disease | None = None
) -> Phantom:
    """Make the film of this seed; a given disease replaces the drawn one."""
    chosen = settings or PhantomSettings()
    rng = np.random.default_rng([GENERATOR_VERSION, seed])
    baby = draw_baby(rng, disease)
    canvas = _field(baby, chosen, rng)
    anatomy = draw_anatomy(baby, canvas, rng)
    devices = draw_devices(baby, canvas, rng, chosen.devices)
    attenuation = _attenuation(baby, anatomy, canvas, rng) + devices.dense
    signal = expose_plane(attenuation, canvas, rng)
    picture, open_part = collimate(vendor_look(signal, canvas, rng), canvas, rng)
    lungs = (anatomy.labels * (open_part > 0)).astype(np.uint8)
    turns = int(rng.integers(1, 4)) if rng.random() < chosen.sideways else 0
    return Phantom(
        seed=seed,
        pixels=np.ascontiguousarray(np.rot90(picture, -turns)),
        lungs=np.ascontiguousarray(np.rot90(lungs, -turns)),
        pitch_mm=canvas.pitch,
        turns=turns,
        baby=baby,
        devices=devices.names,
    )


def disease_of(seed: int) -> Disease:
    """Tell the disease of a seed's film without drawing it."""
    return draw_baby(np.random.default_rng([GENERATOR_VERSION, seed])).disease


def _field(baby: Baby, settings: PhantomSettings, rng: np.random.Generator) -> Canvas:
    """Choose what of the baby the film covers."""
    width, length = baby.chest_mm, baby.lung_mm
    if rng.random() < settings.whole_baby:
        high, wide = rng.uniform(3.6, 4.8) * length, rng.uniform(1.5, 1.9) * width
        top = -rng.uniform(0.9, 1.5) * length
    else:
        high, wide = rng.uniform(1.6, 2.5) * length, rng.uniform(1.08, 1.4) * width
        top = -rng.uniform(0.15, 0.45) * length
    pitch = max(high, wide) / settings.long_side
    rows, columns = round(high / pitch), round(wide / pitch)
    left = -wide / 2 + np.clip(baby.offset_mm[0], -0.12 * wide, 0.12 * wide)
    return Canvas(rows, columns, float(pitch), float(left), float(top))


def _attenuation(baby: Baby, anatomy: Anatomy, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Line integrals of body, lungs with their disease, airways and bones."""
    density = lung_density(baby, anatomy, canvas, rng)
    heart = np.minimum(anatomy.heart, 0.85 * anatomy.lung)
    path = np.maximum(anatomy.lung - heart, 0)
    mask = inside(anatomy.labels, 0.4 / canvas.pitch)
    air = path * (1 - density)
    air -= vessels(baby, canvas, rng) * mask * (1 - density) * 0.8
    air += bronchi(baby, anatomy, canvas, rng) * mask * density * 1.15
    air += np.minimum(anatomy.gas, 0.9 * anatomy.body)
    soft = np.maximum(anatomy.body - air, 0) + rng.uniform(1, 5)
    bone = draw_bones(baby, canvas, rng) * (anatomy.body > 0)
    return np.asarray(SOFT_TISSUE_PER_MM * soft + BONE_PER_MM * bone, np.float32)
