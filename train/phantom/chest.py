"""The inside of the chest as a solid: an ellipse at every height, narrower above, deepest in the middle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train.phantom.baby import Baby
from train.phantom.canvas import Plane
from train.phantom.solids import View

INNER = 0.36
"""Greatest half width inside the ribs over the chest's width."""
INNER_DEPTH = 0.40
"""Greatest half depth inside the ribs over the body's thickness."""


@dataclass(frozen=True, slots=True)
class Chest:
    """Sizes and places that several parts of the picture share, millimetres.

    Attributes
    ----------
    view
        How the baby is turned to the beam.
    """

    baby: Baby
    view: View

    @property
    def left_drop(self) -> float:
        """How much lower the left dome stands."""
        return self.baby.left_drop_mm

    @property
    def half(self) -> float:
        """Greatest half width inside."""
        return INNER * self.baby.chest_mm

    @property
    def depth(self) -> float:
        """Greatest half depth inside."""
        return INNER_DEPTH * self.baby.depth_mm

    @property
    def spine_x(self) -> float:
        """Where the vertebral bodies, behind, are seen."""
        return self.front(-0.75)

    def front(self, share: float) -> float:
        """How far sideways something is seen that lies so far in front (+1) or behind (-1)."""
        return float(np.sin(self.view.roll)) * self.depth * share

    def vertebra(self, number: float) -> float:
        """Height of the middle of thoracic vertebra 1 to 12 (13 is L1)."""
        return (number - 1.6) * self.baby.spine_mm / 12

    def width_at(self, y: Plane) -> Plane:
        """Half width at each height; narrower above in a bell-shaped chest."""
        bell = self.baby.appearance.bell
        share = np.clip((y / np.float32(self.baby.lung_mm) + 0.12) / 1.12, 0, 1)
        rise = 1 - (1 - share) ** np.float32(2.3 - 0.6 * bell)
        return np.asarray(self.half * (0.42 - 0.05 * bell + (0.58 + 0.05 * bell) * rise), np.float32)

    def depth_at(self, y: Plane) -> Plane:
        """Half depth at each height."""
        share = np.clip((y / np.float32(self.baby.lung_mm) + 0.15) / 0.9, 0, 1)
        return np.asarray(self.depth * (0.40 + 0.60 * (1 - (1 - share) ** 2)), np.float32)


def chest_of(baby: Baby) -> Chest:
    """Lay out the chest of a baby."""
    return Chest(baby, View(float(np.deg2rad(baby.roll_deg)), float(np.deg2rad(baby.nod_deg))))
