"""What of the baby a film covers, and on which detector: matrix, pitch, crop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.baby import Baby
from train.phantom.canvas import Canvas

WHOLE_MATRICES = ((2614, 2164), (2460, 1950), (2614, 2164), (1882, 1970))
CHEST_MATRICES = ((1657, 956), (1573, 1040), (1370, 884), (1775, 1420), (1484, 830))
"""Rows and columns of films of newborns: whole detectors, and films cut to the collimated part."""
PITCHES_MM = (0.1, 0.0875, 0.125, 0.139, 0.16)
_PITCH_SHARES = (0.62, 0.10, 0.12, 0.12, 0.04)


@dataclass(frozen=True, slots=True)
class FieldSettings:
    """How the field is chosen.

    Attributes
    ----------
    long_side
        Pixels of the film's longer side; None keeps the detector's own.
    whole_baby
        Probability of a whole detector, hardly collimated.
    """

    long_side: int | None
    whole_baby: float


def choose_field(baby: Baby, settings: FieldSettings, rng: np.random.Generator) -> tuple[Canvas, bool]:
    """Lay the canvas over the baby; tells also whether it is the whole detector."""
    whole = bool(rng.random() < settings.whole_baby)
    matrices = WHOLE_MATRICES if whole else CHEST_MATRICES
    rows, columns = matrices[int(rng.integers(len(matrices)))]
    pitch = float(rng.choice(PITCHES_MM, p=_PITCH_SHARES))
    crop = rng.uniform(0.85, 1.0, 2) if rng.random() < 0.4 else np.ones(2)
    room = rng.uniform(1.12, 1.35) * baby.chest_mm
    pitch = max(pitch, room / (columns * crop[1]))
    high, wide = rows * crop[0] * pitch, columns * crop[1] * pitch
    reach = ((3.8, 5.2), (1.7, 2.4)) if whole else ((2.2, 3.4), (1.25, 1.75))
    high = min(high, rng.uniform(*reach[0]) * baby.lung_mm)
    wide = min(wide, rng.uniform(*reach[1]) * baby.chest_mm)
    fine = max(high, wide) / settings.long_side if settings.long_side else pitch
    above = rng.uniform(0.9, 1.5) if whole else min(rng.uniform(0.30, 0.75), 0.32 * high / baby.lung_mm)
    left = -wide / 2 + np.clip(baby.offset_mm[0], -0.08 * wide, 0.08 * wide)
    top = -above * baby.lung_mm + (baby.offset_mm[1] if whole else 0.3 * baby.offset_mm[1])
    turn = float(np.deg2rad(baby.tilt_deg))
    canvas = Canvas(
        max(8, round(high / fine)),
        max(8, round(wide / fine)),
        fine,
        float(left),
        float(top),
        turn,
    )
    return canvas, whole
