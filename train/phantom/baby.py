"""Who lies on the cassette: gestational age, sizes, disease and pose, drawn from one seed.

Sizes follow published anchors by gestational age: chest width 64 mm and right lung length 31 mm at 24 weeks,
108 mm and 57 mm at 40 weeks; appearance follows the four-grade scale of respiratory distress syndrome.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

WEEKS = (24.0, 28.0, 32.0, 36.0, 40.0)
CHEST_WIDTH_MM = (64.0, 78.0, 92.0, 101.0, 108.0)
LUNG_LENGTH_MM = (31.0, 39.0, 47.0, 52.0, 57.0)


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

    @property
    def is_rds(self) -> bool:
        """Whether it is respiratory distress syndrome of any grade."""
        return self.value.startswith("RDS")


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
        How far along the lung the air-filled bronchi are drawn, [0, 1].
    patches, streaks
        Strength of patchy density and of streaks around the hila.
    """

    volume: float
    haze: float
    granularity: float
    bronchogram: float
    patches: float = 0.0
    streaks: float = 0.0


APPEARANCES = {
    Disease.RDS_1: Appearance(0.92, 0.15, 0.5, 0.35),
    Disease.RDS_2: Appearance(0.85, 0.30, 0.8, 0.65),
    Disease.RDS_3: Appearance(0.75, 0.55, 0.7, 0.95),
    Disease.RDS_4: Appearance(0.65, 0.90, 0.3, 0.70),
    Disease.NORMAL: Appearance(1.0, 0.0, 0.0, 0.25),
    Disease.WET_LUNG: Appearance(1.05, 0.10, 0.0, 0.25, streaks=1.0),
    Disease.PNEUMONIA: Appearance(0.97, 0.08, 0.1, 0.35, patches=1.0),
    Disease.ASPIRATION: Appearance(1.12, 0.05, 0.15, 0.25, patches=0.6, streaks=0.5),
}
_MIX = {
    Disease.RDS_1: 0.135,
    Disease.RDS_2: 0.216,
    Disease.RDS_3: 0.135,
    Disease.RDS_4: 0.054,
    Disease.NORMAL: 0.253,
    Disease.WET_LUNG: 0.138,
    Disease.PNEUMONIA: 0.035,
    Disease.ASPIRATION: 0.034,
}
_WEEKS_OF = {True: (30.5, 3.2), False: (34.0, 3.6)}


@dataclass(frozen=True, slots=True)
class Baby:
    """One newborn and how it lies.

    Attributes
    ----------
    weeks, weight_g
        Gestational age and birth weight.
    chest_mm, lung_mm, depth_mm
        Chest width, right lung length from apex to dome, front-to-back thickness.
    heart_ratio
        Heart width over chest width.
    tilt_deg, rotation, offset_mm
        Turn in the image plane; turn about the long axis in [-1, 1]; centring (x, y).
    """

    weeks: float
    weight_g: float
    disease: Disease
    appearance: Appearance
    chest_mm: float
    lung_mm: float
    depth_mm: float
    heart_ratio: float
    tilt_deg: float
    rotation: float
    offset_mm: tuple[float, float]


def draw_baby(rng: np.random.Generator, disease: Disease | None = None) -> Baby:
    """Draw a newborn; the disease comes from the default mix (54 % RDS) unless given."""
    chosen = disease or Disease(rng.choice([str(name) for name in _MIX], p=list(_MIX.values())))
    middle, deviation = _WEEKS_OF[chosen.is_rds]
    weeks = float(np.clip(rng.normal(middle, deviation), 24, 41))
    appearance = _vary(APPEARANCES[chosen], rng)
    chest = float(np.interp(weeks, WEEKS, CHEST_WIDTH_MM) * rng.normal(1, 0.06))
    length = float(np.interp(weeks, WEEKS, LUNG_LENGTH_MM) * rng.normal(1, 0.07))
    return Baby(
        weeks=weeks,
        weight_g=float(
            np.interp(weeks, (24, 28, 32, 36, 40), (676, 1126, 1700, 2650, 3500)) * rng.normal(1, 0.1)
        ),
        disease=chosen,
        appearance=appearance,
        chest_mm=chest * appearance.volume**0.25,
        lung_mm=length * appearance.volume**0.75,
        depth_mm=chest * rng.uniform(0.78, 0.95),
        heart_ratio=float(np.clip(rng.normal(0.53, 0.04), 0.42, 0.64)),
        tilt_deg=float(rng.normal(0, 5)),
        rotation=float(np.clip(rng.normal(0, 0.4), -1, 1)),
        offset_mm=(float(rng.normal(0, 5)), float(rng.normal(0, 6))),
    )


def _vary(appearance: Appearance, rng: np.random.Generator) -> Appearance:
    """Spread the table's values, so that neighbouring grades and normal lungs overlap."""
    return Appearance(
        volume=float(appearance.volume * rng.normal(1, 0.05)),
        haze=float(np.clip(appearance.haze + rng.normal(0.03, 0.06), 0, 0.95)),
        granularity=float(np.clip(appearance.granularity * rng.normal(1, 0.25), 0, 1)),
        bronchogram=float(np.clip(appearance.bronchogram + rng.normal(0, 0.1), 0.15, 1)),
        patches=float(appearance.patches * rng.uniform(0.6, 1.2)),
        streaks=float(appearance.streaks * rng.uniform(0.6, 1.2)),
    )
