"""A hybrid film: a real film whose lungs show a simulated disease, with simulated devices; SYNTHETIC."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from train.hybrid.base import BaseFilm
from train.hybrid.devices import draw_on
from train.hybrid.disease import paint
from train.hybrid.geometry import Shape, bend
from train.hybrid.looks import Look, draw_disease, draw_look
from train.hybrid.tissue import take_apart
from train.phantom import Disease
from train.phantom.canvas import Canvas, Plane, blur
from train.phantom.chest import INNER
from train.phantom.devices import Device, DeviceRates

HYBRID_VERSION = 1
"""Raise it when the same seed and film would give another hybrid."""
_DISEASE, _SHAPE, _PAINT, _DEVICES, _FINISH = range(5)


@dataclass(frozen=True, slots=True)
class HybridSettings:
    """How hybrids are made.

    Attributes
    ----------
    devices
        Probability of each device, the same whatever the disease; real films bring letters of their own.
    newborn
        Least and greatest height of a chest relative to its width, as a newborn's is broader than a child's.
    """

    devices: DeviceRates = field(default_factory=lambda: DeviceRates(marker=0.0))
    newborn: tuple[float, float] = (0.72, 1.05)


@dataclass(frozen=True, slots=True, eq=False)
class Hybrid:
    """One film.

    Attributes
    ----------
    pixels
        float32 (rows, columns) in [0, 1].
    lungs
        uint8 (rows, columns): 1 right lung, 2 left lung.
    pitch_mm
        Between pixel centres if the chest were that of the newborn it stands for.
    patient
        Of the film beneath.
    """

    seed: int
    pixels: NDArray[np.float32]
    lungs: NDArray[np.uint8]
    pitch_mm: float
    disease: Disease
    look: Look
    shape: Shape
    devices: tuple[Device, ...]
    source: str
    patient: str


def make_hybrid(
    seed: int,
    base: BaseFilm,
    settings: HybridSettings | None = None,
    *,
    disease: Disease | None = None,
    look: Look | None = None,
) -> Hybrid:
    """Make the hybrid of a seed on a film without disease.

    Every step has a generator of its own, so that a given disease or look changes nothing else.

    Parameters
    ----------
    disease, look
        Replace what the seed would draw; a disease is one of `looks.LOOKS`.
    """
    chosen = settings or HybridSettings()
    drawn = disease or disease_of(seed)
    strength = look or draw_look(drawn, _stream(seed, _DISEASE, 1))
    shape, chest_mm = _draw_shape(strength, chosen, _stream(seed, _SHAPE))
    pixels, lungs = bend(base.pixels, base.lungs, shape)
    canvas = newborn_canvas(lungs, chest_mm)
    tissue = take_apart(pixels, lungs)
    painted = paint(pixels, tissue, strength, canvas, _stream(seed, _PAINT))
    choice = chosen.devices, _stream(seed, _DEVICES)
    with_devices, devices = draw_on(painted, lungs, canvas, tissue.level, choice)
    return Hybrid(
        seed=seed,
        pixels=finish(with_devices, canvas, _stream(seed, _FINISH)),
        lungs=lungs,
        pitch_mm=canvas.pitch,
        disease=drawn,
        look=strength,
        shape=shape,
        devices=devices,
        source=base.name,
        patient=base.patient,
    )


def disease_of(seed: int) -> Disease:
    """Tell the disease of a seed without painting it."""
    return draw_disease(_stream(seed, _DISEASE))


def _stream(seed: int, *step: int) -> np.random.Generator:
    return np.random.default_rng([HYBRID_VERSION, seed, *step])


def _draw_shape(look: Look, settings: HybridSettings, rng: np.random.Generator) -> tuple[Shape, float]:
    """Draw how the film is bent, and the width of the newborn's chest in millimetres."""
    flatness = float(rng.uniform(*settings.newborn))
    bell = float(np.clip(0.35 * (1 - look.volume) + rng.normal(0.03, 0.03), -0.05, 0.18))
    give = float(rng.uniform(0.9, 1.7))
    frame = tuple(float(part) for part in rng.uniform((0.5, 0.3, 0.5), 1))
    chest_mm = float(rng.uniform(70, 112))
    return Shape(flatness, look.volume**0.75, bell, give, (frame[0], frame[1], frame[2])), chest_mm


def newborn_canvas(lungs: NDArray[np.uint8], chest_mm: float) -> Canvas:
    """Lay a newborn's millimetres over a film: (0, 0) is the midline at the lung apices."""
    held = np.argwhere(lungs)
    (top, left), (_, right) = held.min(axis=0), held.max(axis=0)
    pitch = 2 * INNER * chest_mm / float(right - left + 1)
    middle = pitch * float(left + right) / 2
    return Canvas(lungs.shape[0], lungs.shape[1], pitch, -middle, -pitch * float(top))


def finish(picture: Plane, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Add what every film gets: detector blur, quantum noise, edge enhancement, gamma; returns [0, 1]."""
    unit = 1 / (canvas.pitch * 4)
    soft = blur(picture, rng.uniform(0.7, 1.1))
    sharp = soft + rng.uniform(0, 0.7) * (soft - blur(soft, rng.uniform(1.5, 3.5) * unit))
    noise = blur(rng.standard_normal(picture.shape, np.float32), 0.6)
    amount = 10 ** rng.uniform(-2.0, -1.5)
    low, high = np.percentile(sharp, (0.5, 99.7))
    spread = np.clip((sharp + amount * noise - low) / max(float(high - low), 1e-3), 0, 1)
    return np.asarray(spread ** rng.uniform(0.75, 1.4), np.float32)
