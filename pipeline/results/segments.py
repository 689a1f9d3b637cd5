"""The lungs of a mask as segments, for the SEG, the report and the picture alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.sr.coding import Code

from pipeline import codes
from pipeline.values import LungMask


@dataclass(frozen=True, slots=True, eq=False)
class LungSegment:
    """One segment of the SEG.

    Attributes
    ----------
    number
        From 1.
    laterality
        None for one segment with both lungs, when the film does not tell its sides.
    pixels
        bool (rows, columns), at least one True.
    """

    number: int
    label: str
    laterality: Code | None
    pixels: NDArray[np.bool_]

    @property
    def tracking_kind(self) -> str:
        """Kind of its Tracking UID, for `Provenance.uid`."""
        return f"seg/tracking/{self.label}"


def lung_segments(mask: LungMask) -> list[LungSegment]:
    """Split a lung mask into segments; lungs without a single pixel are left out.

    Returns
    -------
    list of LungSegment
        Right then left lung where the sides are known, else one segment; empty for an empty mask.
    """
    lungs: list[tuple[str, Code | None, NDArray[np.bool_]]]
    if mask.labels is None:
        lungs = [("Lungs", None, mask.pixels)]
    else:
        lungs = [("Right lung", codes.RIGHT, mask.labels == 1), ("Left lung", codes.LEFT, mask.labels == 2)]
    found = [lung for lung in lungs if lung[2].any()]
    return [LungSegment(number, *lung) for number, lung in enumerate(found, start=1)]
