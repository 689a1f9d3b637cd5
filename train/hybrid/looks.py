"""How strongly each disease shows on a hybrid film; drawn from one generator, overlapping between grades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom import Disease


@dataclass(frozen=True, slots=True)
class Look:
    """Strengths of what is painted.

    Attributes
    ----------
    volume
        Lung volume relative to the healthy film; three quarters of the loss (as a power) are height.
    haze
        Ground glass: part of the air that is lost, [0, 1].
    grain
        Strength of the fine granularity, [0, 1].
    reach, lucency
        How far out air-filled bronchi are seen, 0 hilum to 1 chest wall, and how dark they are, [0, 1].
    borders
        How far heart and diaphragm lose their borders, [0, 1].
    streaks, patches
        Strength of wet streaks around the hila, and of uneven patches.
    """

    volume: float
    haze: float
    grain: float
    reach: float
    lucency: float
    borders: float = 0.0
    streaks: float = 0.0
    patches: float = 0.0


NOTHING = Look(1.0, 0.0, 0.0, 0.0, 0.0)
"""Paints nothing and bends nothing."""
LOOKS = {
    Disease.RDS_1: Look(0.92, 0.17, 0.50, 0.30, 0.5),
    Disease.RDS_2: Look(0.85, 0.33, 0.85, 0.60, 0.9, borders=0.25),
    Disease.RDS_3: Look(0.75, 0.58, 0.75, 0.95, 1.0, borders=0.7),
    Disease.RDS_4: Look(0.65, 0.92, 0.30, 0.70, 0.35, borders=1.0),
    Disease.NORMAL: NOTHING,
    Disease.WET_LUNG: Look(1.03, 0.10, 0.0, 0.0, 0.0, streaks=1.0),
    Disease.PNEUMONIA: Look(0.97, 0.06, 0.05, 0.3, 0.3, patches=1.0),
    Disease.ASPIRATION: Look(1.06, 0.05, 0.05, 0.0, 0.0, streaks=0.5, patches=0.6),
}
SHARES = {
    Disease.RDS_1: 0.135,
    Disease.RDS_2: 0.216,
    Disease.RDS_3: 0.135,
    Disease.RDS_4: 0.054,
    Disease.NORMAL: 0.253,
    Disease.WET_LUNG: 0.138,
    Disease.PNEUMONIA: 0.035,
    Disease.ASPIRATION: 0.034,
}
"""54 % with distress, grades I to IV 25:40:25:10; of the others 55 % normal, 30 % wet lung."""


def draw_disease(rng: np.random.Generator) -> Disease:
    """Draw a disease from `SHARES`."""
    return list(SHARES)[int(rng.choice(len(SHARES), p=list(SHARES.values())))]


def draw_look(disease: Disease, rng: np.random.Generator) -> Look:
    """Spread the table's values, so that neighbouring grades, and healthy and mild disease, overlap."""
    look = LOOKS[disease]
    spread = rng.normal(size=8)
    return Look(
        volume=float(np.clip(look.volume * (1 + 0.05 * spread[0]), 0.55, 1.15)),
        haze=float(np.clip(look.haze + 0.03 + 0.06 * spread[1], 0, 0.97)),
        grain=float(np.clip(look.grain * (1 + 0.25 * spread[2]), 0, 1)),
        reach=float(np.clip(look.reach + 0.10 * spread[3], 0, 1)),
        lucency=float(np.clip(look.lucency * (1 + 0.25 * spread[4]), 0, 1)),
        borders=float(np.clip(look.borders * (1 + 0.2 * spread[5]), 0, 1)),
        streaks=float(np.clip(look.streaks * (1 + 0.25 * spread[6]), 0, 1.5)),
        patches=float(np.clip(look.patches * (1 + 0.25 * spread[7]), 0, 1.5)),
    )
