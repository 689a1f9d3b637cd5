"""Make a simulated newborn chest film with its lungs and its truth; the same seed gives the same film."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from train.phantom.airways import draw_airways
from train.phantom.appearance import Disease
from train.phantom.baby import Baby, draw_baby
from train.phantom.body import draw_body, draw_gas, draw_limbs
from train.phantom.bones import draw_bones
from train.phantom.canvas import Canvas, Plane
from train.phantom.chest import Chest, chest_of
from train.phantom.detector import Vendor, collimate, develop, expose, shutter
from train.phantom.devices import Device, DeviceRates, draw_devices
from train.phantom.disease import fill_lungs
from train.phantom.field import FieldSettings, choose_field
from train.phantom.lungs import Lungs, draw_lungs
from train.phantom.objects import bedding

GENERATOR_VERSION = 4
"""Raise it when the same seed would give another film."""
SOFT_TISSUE_PER_MM = 0.0245
BONE_PER_MM = 0.060
DRAWN_AT_MM = 0.2
"""Anatomy is drawn on a grid of this pitch, at finest; devices and noise at the film's own."""
OPAQUE = 0.8
"""Attenuation from which a device is lead to the vendor's reading of the exposure."""
_STREAMS = {
    "baby": 0,
    "field": 1,
    "anatomy": 2,
    "lungs": 3,
    "devices": 4,
    "detector": 5,
    "storing": 6,
}
T = TypeVar("T", bound=np.generic)
_TURNS = ((1, 0.4), (3, 0.4), (2, 0.2))


@dataclass(frozen=True, slots=True)
class PhantomSettings:
    """How films are made.

    Attributes
    ----------
    long_side
        Pixels of the film's longer side; None for the detector's own matrix.
    sideways
        Probability of a film that is stored turned by 90, 180 or 270 degrees.
    whole_baby
        Probability of a wide, hardly collimated film.
    devices_tell
        0: devices are independent of the disease; 1: the tubes and lines of intensive care are there
        exactly when the baby has respiratory distress syndrome, -1: exactly when it has not (for the audit of
        shortcuts).
    device_seed
        Another number draws other devices on the same baby, exposed alike.
    """

    long_side: int | None = 640
    sideways: float = 0.10
    whole_baby: float = 0.33
    devices: DeviceRates = field(default_factory=DeviceRates)
    devices_tell: float = 0.0
    device_seed: int = 0


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
    devices
        What lies in or on the baby, masks and tips on the stored film.
    vendor
        Whose look the film has.
    """

    seed: int
    pixels: NDArray[np.float32]
    lungs: NDArray[np.uint8]
    pitch_mm: float
    turns: int
    baby: Baby
    devices: tuple[Device, ...]
    vendor: Vendor


def make_phantom(
    seed: int,
    settings: PhantomSettings | None = None,
    *,
    disease: Disease | None = None,
) -> Phantom:
    """Make the film of this seed; a given disease replaces the drawn one."""
    chosen = settings or PhantomSettings()
    baby = draw_baby(stream(seed, "baby"), disease)
    framing = FieldSettings(chosen.long_side, chosen.whole_baby)
    canvas, whole = choose_field(baby, framing, stream(seed, "field"))
    chest = chest_of(baby)
    attenuation, sides, body = _anatomy(chest, canvas, seed)
    rates = chosen.devices.following(baby.disease.is_rds, chosen.devices_tell)
    drawn = draw_devices(baby, canvas, stream(seed, "devices", chosen.device_seed), rates)
    detector = stream(seed, "detector")
    open_part = collimate(canvas, detector, whole=whole)
    signal = expose(attenuation + drawn.dense, canvas, detector)
    read = body * open_part * (drawn.dense < OPAQUE)
    picture, vendor = develop(signal, read, canvas, detector)
    turns = _turns(chosen.sideways, stream(seed, "storing"))
    return Phantom(
        seed=seed,
        pixels=_stored(shutter(picture, open_part, detector), turns),
        lungs=_stored(np.where(open_part > 0, sides, np.uint8(0)), turns),
        pitch_mm=canvas.pitch,
        turns=turns,
        baby=baby,
        devices=tuple(_turned(device, open_part, turns) for device in drawn.devices),
        vendor=vendor,
    )


def disease_of(seed: int) -> Disease:
    """Tell the disease of a seed's film without drawing it."""
    return draw_baby(stream(seed, "baby")).disease


def stream(seed: int, purpose: str, variant: int = 0) -> np.random.Generator:
    """Random numbers of one film for one purpose; no purpose disturbs another."""
    return np.random.default_rng([GENERATOR_VERSION, seed, _STREAMS[purpose], variant])


def _anatomy(chest: Chest, canvas: Canvas, seed: int) -> tuple[Plane, NDArray[np.uint8], Plane]:
    """Line integrals, sides of the lungs (1, 2), and where the baby is (1 or 0), on the film's own grid."""
    coarse = canvas.coarser(DRAWN_AT_MM)
    rng = stream(seed, "anatomy")
    limbs = draw_limbs(chest, rng)
    body = draw_body(chest, limbs, coarse, rng)
    lungs = draw_lungs(chest, coarse, rng)
    gas = draw_gas(chest, coarse, rng) + draw_airways(chest, coarse, rng)
    bones = draw_bones(chest, limbs, coarse, rng) * (body > 0)
    filling = fill_lungs(chest, lungs, coarse, stream(seed, "lungs"))
    soft = np.maximum(body - filling.air - np.minimum(gas, 0.8 * body) + filling.extra, 0.15 * body)
    plane = SOFT_TISSUE_PER_MM * soft + BONE_PER_MM * bones + bedding(coarse, rng)
    attenuation = canvas.enlarge(np.asarray(plane, np.float32), coarse)
    shown = canvas.enlarge((body > 2).astype(np.float32), coarse)
    return attenuation, _sides(lungs, canvas, coarse), (shown > 0.5).astype(np.float32)


def _sides(lungs: Lungs, canvas: Canvas, coarse: Canvas) -> NDArray[np.uint8]:
    labels = lungs.sides()
    right, left = (canvas.enlarge((labels == side).astype(np.float32), coarse) for side in (1, 2))
    return np.where(np.maximum(right, left) < 0.5, 0, np.where(right >= left, 1, 2)).astype(np.uint8)


def _turns(sideways: float, rng: np.random.Generator) -> int:
    """Draw the quarter turns: of those not upright 40 % left, 40 % right, 20 % upside down."""
    turned = bool(rng.random() < sideways)
    turns = int(rng.choice([turns for turns, _ in _TURNS], p=[share for _, share in _TURNS]))
    return turns if turned else 0


def _stored(plane: NDArray[T], turns: int) -> NDArray[T]:
    return np.ascontiguousarray(np.rot90(plane, -turns))


def _turned(device: Device, open_part: Plane, turns: int) -> Device:
    """Bring a device's mask and tip onto the stored film; the blades cover what they cover."""
    rows, columns = open_part.shape
    tip = device.tip
    if tip is not None:
        column, row = tip
        places = {
            0: (column, row),
            1: (rows - 1 - row, column),
            2: (columns - 1 - column, rows - 1 - row),
            3: (row, columns - 1 - column),
        }
        tip = places[turns]
    return Device(device.name, device.identity, _stored(device.mask & (open_part > 0), turns), tip)
