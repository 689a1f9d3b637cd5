"""What each disease does to newborn lungs, as numbers, and how far films of one disease differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np


class Disease(StrEnum):
    """What the lungs show; the first four are grades of respiratory distress syndrome."""

    RDS_1 = "RDS grade 1"
    RDS_2 = "RDS grade 2"
    RDS_3 = "RDS grade 3"
    RDS_4 = "RDS grade 4"
    NORMAL = "normal"
    WET_LUNG = "transient tachypnoea"
    PNEUMONIA = "pneumonia"
    ASPIRATION = "meconium aspiration"
    PNEUMOTHORAX = "pneumothorax"

    @property
    def is_rds(self) -> bool:
        """Whether it is respiratory distress syndrome of any grade."""
        return self.value.startswith("RDS")

    @property
    def grade(self) -> int:
        """Grade of respiratory distress syndrome, 1 to 4, or 0."""
        return int(self.value[-1]) if self.is_rds else 0


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a disease changes the lungs.

    Attributes
    ----------
    volume
        Lung volume relative to normal.
    haze
        Ground glass: fraction of the air in the lung path that is lost, [0, 1].
    granularity
        Strength of the fine grain, [0, 1].
    bronchogram
        How far out the air-filled bronchi are seen: 0 hilum, 1 chest wall.
    blurred_mm
        Softness of the borders of heart and diaphragm, millimetres.
    bell
        How far the upper chest narrows, [0, 1].
    patches, streaks, nodules
        Strength of patchy density, of streaks around the hila, of coarse ropy density.
    """

    volume: float
    haze: float
    granularity: float
    bronchogram: float
    blurred_mm: float = 0.0
    bell: float = 0.0
    patches: float = 0.0
    streaks: float = 0.0
    nodules: float = 0.0


APPEARANCES = {
    Disease.RDS_1: Appearance(0.92, 0.15, 0.5, 0.45, 0.2, 0.3),
    Disease.RDS_2: Appearance(0.85, 0.30, 0.8, 0.70, 0.7, 0.5),
    Disease.RDS_3: Appearance(0.75, 0.55, 0.7, 1.00, 1.7, 0.75),
    Disease.RDS_4: Appearance(0.65, 0.90, 0.3, 0.90, 3.0, 1.0),
    Disease.NORMAL: Appearance(1.0, 0.0, 0.0, 0.22),
    Disease.WET_LUNG: Appearance(1.05, 0.10, 0.0, 0.22, 0.4, streaks=1.0),
    Disease.PNEUMONIA: Appearance(0.97, 0.06, 0.1, 0.30, 0.3, patches=1.0),
    Disease.ASPIRATION: Appearance(1.10, 0.03, 0.0, 0.25, 0.2, patches=0.35, nodules=1.0),
    Disease.PNEUMOTHORAX: Appearance(1.0, 0.05, 0.0, 0.25),
}
"""Grades after the four-grade scale in clinical use: volume, ground glass, grain, bronchograms, borders."""

MIX = {
    Disease.RDS_1: 0.135,
    Disease.RDS_2: 0.216,
    Disease.RDS_3: 0.135,
    Disease.RDS_4: 0.054,
    Disease.NORMAL: 0.253,
    Disease.WET_LUNG: 0.138,
    Disease.PNEUMONIA: 0.023,
    Disease.ASPIRATION: 0.023,
    Disease.PNEUMOTHORAX: 0.023,
}
"""54 % respiratory distress syndrome, as among the films of the source paper."""

WEEKS_OF = {
    Disease.NORMAL: (33.2, 3.8),
    Disease.WET_LUNG: (34.2, 3.0),
    Disease.PNEUMONIA: (34.0, 4.0),
    Disease.ASPIRATION: (39.0, 1.3),
    Disease.PNEUMOTHORAX: (34.0, 4.0),
}
RDS_WEEKS = (30.9, 3.4)
"""Mean and deviation of gestational age; all classes overlap."""


def vary(appearance: Appearance, rng: np.random.Generator, *, ventilated: bool) -> Appearance:
    """Spread the table's values, so that neighbouring grades and normal lungs overlap.

    Parameters
    ----------
    ventilated
        Pressure opens lungs that distress would leave small.
    """
    breath = rng.normal(1, 0.08)
    lost = (1 - appearance.volume) * (0.2 if ventilated and appearance.volume < 1 else 1.0)
    return replace(
        appearance,
        volume=float(np.clip((1 - lost) * breath, 0.5, 1.2)),
        haze=float(np.clip(appearance.haze + abs(rng.normal(0.0, 0.05)), 0, 0.95)),
        granularity=float(np.clip(appearance.granularity * rng.normal(1, 0.2), 0, 1)),
        bronchogram=float(np.clip(appearance.bronchogram + rng.normal(0, 0.07), 0.15, 1.1)),
        blurred_mm=float(appearance.blurred_mm * rng.uniform(0.7, 1.3)),
        bell=float(np.clip(appearance.bell + rng.normal(0.1, 0.15), 0, 1)),
        patches=float(appearance.patches * rng.uniform(0.7, 1.3)),
        streaks=float(appearance.streaks * rng.uniform(0.6, 1.3)),
        nodules=float(appearance.nodules * rng.uniform(0.7, 1.3)),
    )
