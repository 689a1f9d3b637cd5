"""Who lies on the cassette: gestational age, sizes, disease and pose, drawn from one seed.

Sizes follow published anchors by gestational age: chest width 64 mm and right lung length 31 mm at 24 weeks,
108 mm and 57 mm at 40 weeks; spine from T1 to T12 80 mm at 32 weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.appearance import (
    APPEARANCES,
    MIX,
    RDS_WEEKS,
    WEEKS_OF,
    Appearance,
    Disease,
    vary,
)

__all__ = ["Baby", "Disease", "draw_baby"]
WEEKS = (24.0, 28.0, 32.0, 36.0, 40.0)
CHEST_WIDTH_MM = (64.0, 78.0, 92.0, 101.0, 108.0)
LUNG_LENGTH_MM = (31.0, 39.0, 47.0, 52.0, 57.0)
SPINE_MM = (57.0, 69.0, 80.0, 88.0, 95.0)
WEIGHT_G = (676.0, 1126.0, 1700.0, 2650.0, 3500.0)
BODY_LENGTH_MM = (313.0, 372.0, 430.0, 480.0, 530.0)


@dataclass(frozen=True, slots=True)
class Baby:
    """One newborn and how it lies.

    Attributes
    ----------
    weeks, weight_g, length_mm, age_days
        Gestational age, birth weight, body length, age.
    ventilated
        Lungs held open by pressure; does not decide whether a tube is drawn.
    chest_mm, lung_mm, depth_mm, spine_mm
        Chest width, right lung length from apex to dome, front-to-back thickness, T1 to T12.
    left_drop_mm
        How much lower the left dome stands than the right one.
    heart_ratio
        Heart width over inner chest width.
    tilt_deg, roll_deg, nod_deg, offset_mm
        Turn in the image plane, about the long axis, about the transverse axis; centring (x, y).
    """

    weeks: float
    weight_g: float
    length_mm: float
    age_days: int
    disease: Disease
    appearance: Appearance
    ventilated: bool
    chest_mm: float
    lung_mm: float
    depth_mm: float
    spine_mm: float
    left_drop_mm: float
    heart_ratio: float
    tilt_deg: float
    roll_deg: float
    nod_deg: float
    offset_mm: tuple[float, float]

    @property
    def scale(self) -> float:
        """Chest width relative to 100 mm."""
        return self.chest_mm / 100


def draw_baby(rng: np.random.Generator, disease: Disease | None = None) -> Baby:
    """Draw a newborn; the disease comes from the default mix (54 % RDS) unless given."""
    drawn = Disease(rng.choice([str(name) for name in MIX], p=list(MIX.values())))
    chosen = disease or drawn
    middle, deviation = WEEKS_OF.get(chosen, RDS_WEEKS)
    weeks = float(np.clip(rng.normal(middle, deviation), 24, 41.5))
    ventilated = bool(rng.random() < 0.5)
    look = vary(APPEARANCES[chosen], rng, ventilated=ventilated)
    size = rng.normal(1, 0.06)
    chest = float(np.interp(weeks, WEEKS, CHEST_WIDTH_MM) * size)
    length = float(np.interp(weeks, WEEKS, LUNG_LENGTH_MM) * rng.normal(1, 0.08))
    return Baby(
        weeks=weeks,
        weight_g=float(np.interp(weeks, WEEKS, WEIGHT_G) * size * rng.normal(1, 0.08)),
        length_mm=float(np.interp(weeks, WEEKS, BODY_LENGTH_MM) * (0.5 + 0.5 * size)),
        age_days=int(rng.integers(0, 4)),
        disease=chosen,
        appearance=look,
        ventilated=ventilated,
        chest_mm=chest * look.volume**0.15,
        lung_mm=0.92 * length * look.volume**0.5,
        depth_mm=chest * rng.uniform(0.80, 0.95),
        spine_mm=float(np.interp(weeks, WEEKS, SPINE_MM) * rng.normal(1, 0.04)),
        left_drop_mm=float(rng.uniform(3, 6) * chest / 100),
        heart_ratio=float(np.clip(rng.normal(0.55, 0.04), 0.46, 0.64)),
        tilt_deg=float(np.clip(rng.normal(0, 4), -12, 12)),
        roll_deg=float(np.clip(rng.normal(0, 6), -15, 15)),
        nod_deg=float(np.clip(rng.normal(2, 5), -12, 12)),
        offset_mm=(
            float(np.clip(rng.normal(0, 6), -15, 15)),
            float(np.clip(rng.normal(0, 6), -15, 15)),
        ),
    )
