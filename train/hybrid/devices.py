"""Simulated tubes, lines and leads on a hybrid film, drawn as on phantoms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from train.phantom import Disease
from train.phantom.baby import draw_baby
from train.phantom.canvas import Canvas, Plane
from train.phantom.chest import INNER
from train.phantom.devices import Device, DeviceRates, draw_devices

_AIR_INTEGRAL = 0.5
"""Line integral that the air of a healthy lung takes away: what the film's own contrast corresponds to."""
_FULL = 1.1
"""Grey that the densest metal adds."""


def draw_on(
    picture: Plane,
    lungs: NDArray[np.uint8],
    canvas: Canvas,
    contrast: float,
    choice: tuple[DeviceRates, np.random.Generator],
) -> tuple[Plane, tuple[Device, ...]]:
    """Draw devices; returns the picture with them, and each with its mask and tip.

    Parameters
    ----------
    contrast
        Grey between air and tissue of this film.
    choice
        Probability of each device, and the generator that decides.
    """
    rates, rng = choice
    rows = np.flatnonzero((lungs > 0).any(axis=1))
    columns = np.flatnonzero((lungs > 0).any(axis=0))
    baby = replace(
        draw_baby(rng, Disease.NORMAL),
        chest_mm=canvas.pitch * len(columns) / (2 * INNER),
        lung_mm=canvas.pitch * float(rows[-1] - rows[0] + 1),
        roll_deg=0.0,
        nod_deg=0.0,
    )
    drawn = draw_devices(baby, canvas, rng, rates)
    added = _FULL * np.tanh(contrast / _AIR_INTEGRAL / _FULL * drawn.dense)
    return np.asarray(picture + added, np.float32), drawn.devices
