"""Tubes, lines, leads and marks; whether a film shows them does not depend on the baby's disease."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from train.phantom.baby import Baby
from train.phantom.canvas import Canvas, Plane, Point, add_tube, ellipse


@dataclass(frozen=True, slots=True)
class DeviceRates:
    """Probability of each device."""

    tracheal_tube: float = 0.45
    gastric_tube: float = 0.55
    leads: float = 0.65
    venous_line: float = 0.30
    probe: float = 0.25
    marker: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Devices:
    """What was drawn.

    Attributes
    ----------
    dense
        Extra attenuation along the beam (line integral).
    names
        Devices on the film.
    """

    dense: Plane
    names: tuple[str, ...]


def draw_devices(baby: Baby, canvas: Canvas, rng: np.random.Generator, rates: DeviceRates) -> Devices:
    """Draw each device with its own probability."""
    drawers = {
        "tracheal tube": (rates.tracheal_tube, _tracheal_tube),
        "gastric tube": (rates.gastric_tube, _gastric_tube),
        "leads": (rates.leads, _leads),
        "venous line": (rates.venous_line, _venous_line),
        "probe": (rates.probe, _probe),
        "marker": (rates.marker, _marker),
    }
    dense, names = canvas.blank(), []
    for name, (rate, draw) in drawers.items():
        if rng.random() < rate:
            dense += draw(baby, canvas, rng)
            names.append(name)
    return Devices(dense, tuple(names))


def _hose(canvas: Canvas, points: list[Point], radius: float, wall: float) -> Plane:
    """Draw a plastic tube with a denser stripe."""
    outer, inner, stripe = canvas.blank(), canvas.blank(), canvas.blank()
    add_tube(outer, canvas, points, [radius] * len(points))
    add_tube(inner, canvas, points, [radius - wall] * len(points))
    shifted: list[Point] = [(x + 0.6 * radius, y) for x, y in points]
    add_tube(stripe, canvas, shifted, [0.22] * len(points))
    return 0.045 * (outer - inner) + 0.25 * stripe


def _tracheal_tube(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    tip = (rng.normal(0, 0.8), rng.uniform(0.02, 0.33) * baby.lung_mm)
    top = -1.6 * baby.lung_mm
    points: list[Point] = [(rng.normal(0, 6), top), (rng.normal(0, 1.5), 0.5 * top), tip]
    return _hose(canvas, points, rng.uniform(1.6, 2.2), 0.5)


def _gastric_tube(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    width, length = baby.chest_mm, baby.lung_mm
    points: list[Point] = [
        (rng.normal(2, 5), -1.6 * length),
        (rng.normal(2.5, 1), -0.3 * length),
        (rng.normal(3, 1), 0.6 * length),
        (0.06 * width, 1.05 * length),
        (rng.uniform(0.12, 0.26) * width, rng.uniform(1.3, 1.7) * length),
    ]
    return _hose(canvas, _rounded(points), rng.uniform(0.8, 1.2), 0.35)


def _venous_line(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    plane, length = canvas.blank(), baby.lung_mm
    if rng.random() < 0.5:
        tip = (rng.normal(-3, 2), rng.uniform(0.75, 1.15) * length)
        points: list[Point] = [tip, (rng.normal(-2, 2), 1.7 * length), (rng.normal(2, 3), 2.6 * length)]
    else:
        side = rng.choice([-1, 1])
        points = [
            (-4.0, 0.3 * length),
            (side * 0.25 * baby.chest_mm, 0.0),
            (side * 0.8 * baby.chest_mm, -0.3 * length),
        ]
    add_tube(plane, canvas, _rounded(points), [0.45] * (4 * len(points)))
    return 0.35 * plane


def _leads(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Three electrodes and their wires."""
    plane, wires = canvas.blank(), canvas.blank()
    width, length = baby.chest_mm, baby.lung_mm
    for side, height in ((-1, 0.1), (1, 0.1), (1, 1.3)):
        spot = (side * rng.uniform(0.25, 0.5) * width, (height + rng.uniform(-0.15, 0.4)) * length)
        plane += 0.35 * (ellipse(canvas, spot, (3.2, 3.2)) > 0) + 0.5 * (
            ellipse(canvas, spot, (1.4, 1.4)) > 0
        )
        bend = (spot[0] + rng.normal(0, 20), spot[1] + rng.uniform(10, 40))
        away = (rng.normal(0, 0.7) * width, rng.choice([-1.2, 2.8]) * length)
        points = _rounded([spot, bend, away])
        add_tube(wires, canvas, points, [0.5] * len(points))
    return plane + 0.45 * wires


def _probe(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    spot = (rng.uniform(-0.35, 0.35) * baby.chest_mm, rng.uniform(0.9, 1.9) * baby.lung_mm)
    wire = canvas.blank()
    points = _rounded([spot, (spot[0] + rng.normal(0, 15), spot[1] + 20), (rng.normal(0, 60), spot[1] + 60)])
    add_tube(wire, canvas, points, [0.55] * len(points))
    return 0.5 * (ellipse(canvas, spot, (3.5, 2.5)) > 0) + 0.4 * wire


def _marker(baby: Baby, canvas: Canvas, rng: np.random.Generator) -> Plane:
    """Draw a lead letter beside the baby, as strokes of an R or an L."""
    plane, size = canvas.blank(), 7.0
    side = int(rng.choice([-1, 1]))
    x, y = side * rng.uniform(0.56, 0.66) * baby.chest_mm, rng.uniform(-0.3, 1.2) * baby.lung_mm
    strokes: dict[int, list[Point]] = {
        -1: [(0, 1), (0, 0), (0.5, 0.1), (0.5, 0.4), (0, 0.5), (0.6, 1)],
        1: [(0, 0), (0, 1), (0.55, 1)],
    }
    points: list[Point] = [(x + size * u, y + size * v) for u, v in strokes[side]]
    add_tube(plane, canvas, points, [0.7] * len(points))
    return 2.5 * (plane > 0).astype(np.float32)


def _rounded(points: list[Point]) -> list[Point]:
    """Cut the corners of a polyline twice."""
    return _cut_corners(_cut_corners(points))


def _cut_corners(points: list[Point]) -> list[Point]:
    cut: list[Point] = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        cut += [
            (0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1),
            (0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1),
        ]
    return [cut[0], *cut[2:-1], points[-1]]
