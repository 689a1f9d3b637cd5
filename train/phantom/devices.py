"""Which devices a film shows, each with its mask and tip; by default no device knows the baby's disease."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from train.phantom import lines, objects
from train.phantom.baby import Baby
from train.phantom.canvas import Canvas, Plane, Point
from train.phantom.chest import Chest, chest_of
from train.phantom.lines import Mark

VISIBLE = 0.01
"""Attenuation from which a pixel counts to a device's mask."""
INTENSIVE = ("tracheal_tube", "arterial_line", "venous_line")
"""Devices of intensive care: those that follow the label when a shortcut is built in on purpose."""


@dataclass(frozen=True, slots=True)
class DeviceRates:
    """Probability of each device."""

    tracheal_tube: float = 0.45
    gastric_tube: float = 0.55
    leads: float = 0.70
    arterial_line: float = 0.25
    venous_line: float = 0.30
    central_line: float = 0.15
    probe: float = 0.30
    prongs: float = 0.25
    drain: float = 0.02
    incubator_hole: float = 0.06
    marker: float = 0.50
    shield: float = 0.10
    hand: float = 0.06
    skin_fold: float = 0.15

    def following(self, label: bool, strength: float) -> DeviceRates:
        """Rates with which the devices of intensive care tell the label in this part of the films.

        Below 0 they tell the opposite label.
        """
        rates, part = asdict(self), abs(strength)
        told = label if strength > 0 else not label
        for name in INTENSIVE:
            rates[name] = part * float(told) + (1 - part) * rates[name]
        return DeviceRates(**rates)


Drawer = Callable[[Chest, Canvas, np.random.Generator], Mark]
DRAWERS: dict[str, Drawer] = {
    "tracheal_tube": lines.tracheal_tube,
    "gastric_tube": lines.gastric_tube,
    "leads": objects.leads,
    "arterial_line": lines.arterial_line,
    "venous_line": lines.venous_line,
    "central_line": lines.central_line,
    "probe": objects.probe,
    "prongs": objects.prongs,
    "drain": lines.drain,
    "incubator_hole": objects.incubator_hole,
    "marker": objects.marker,
    "shield": objects.shield,
    "hand": objects.hand,
    "skin_fold": objects.skin_fold,
}


@dataclass(frozen=True, slots=True, eq=False)
class Device:
    """One device on a film.

    Attributes
    ----------
    name, identity
        Kind, in words, and number on this film, from 1.
    mask
        bool (rows, columns).
    tip
        Column and row of its tip, pixels, or None where it has none or it lies off the film.
    """

    name: str
    identity: int
    mask: NDArray[np.bool_]
    tip: tuple[float, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Devices:
    """What was drawn.

    Attributes
    ----------
    dense
        Attenuation the devices add along the beam (line integral).
    devices
        Those that the film shows.
    """

    dense: Plane
    devices: tuple[Device, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Kinds of device on the film."""
        return tuple(device.name for device in self.devices)


def draw_devices(baby: Baby, canvas: Canvas, rng: np.random.Generator, rates: DeviceRates) -> Devices:
    """Draw each device with its own probability, from a random stream of its own."""
    chest, dense = chest_of(baby), canvas.blank()
    devices: list[Device] = []
    streams = rng.spawn(len(DRAWERS))
    for (name, draw), rate, stream in zip(DRAWERS.items(), asdict(rates).values(), streams, strict=True):
        if stream.random() >= rate:
            continue
        mark = draw(chest, canvas, stream)
        mask = np.abs(mark.dense) > VISIBLE
        if mask.any():
            dense += mark.dense
            devices.append(
                Device(
                    name.replace("_", " "),
                    len(devices) + 1,
                    mask,
                    _tip(canvas, mark.tip),
                )
            )
    return Devices(dense, tuple(devices))


def _tip(canvas: Canvas, tip: Point | None) -> tuple[float, float] | None:
    if tip is None:
        return None
    column, row = canvas.to_pixels(np.array([tip]))[0]
    if not (0 <= column < canvas.columns and 0 <= row < canvas.rows):
        return None
    return float(column), float(row)
