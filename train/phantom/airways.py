"""Trachea and main bronchi: air in the middle of the chest."""

from __future__ import annotations

import numpy as np

from train.phantom.canvas import Canvas, Plane, add_tube, blur, curve
from train.phantom.chest import Chest


def draw_airways(chest: Chest, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Path through the air of throat, trachea (3 to 4 mm wide) and main bronchi, millimetres."""
    width, length = chest.baby.chest_mm, chest.baby.lung_mm
    plane, x = canvas.blank(), chest.front(0.0)
    carina = (x - 0.005 * width, chest.vertebra(4.2))
    bore = 0.0185 * width
    bend = rng.normal(-0.012, 0.012) * width
    throat = [
        (x + 2 * bend, -1.0 * length),
        (x, -0.4 * length),
        (x + bend, 0.0),
        carina,
    ]
    right = [
        carina,
        (x - 0.07 * width, 0.41 * length),
        (x - 0.125 * width, 0.52 * length),
    ]
    left = [
        carina,
        (x + 0.09 * width, 0.40 * length),
        (x + 0.16 * width, 0.46 * length),
    ]
    for points, wide in ((throat, bore), (right, 0.80 * bore), (left, 0.70 * bore)):
        line = curve(points)
        add_tube(
            plane,
            canvas,
            line,
            list(np.linspace(wide, 0.8 * wide if wide < bore else wide, len(line))),
        )
    return blur(plane, 0.25 / canvas.pitch)
