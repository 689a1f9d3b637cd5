"""What is made of every film."""

from dataclasses import dataclass

from pydicom import Dataset


@dataclass(frozen=True, slots=True, eq=False)
class ResultObjects:
    """What is stored and sent for one film.

    Attributes
    ----------
    segmentation
        SEG; None when the film has no valid lung mask.
    report
        TID 1500 Structured Report that references the film and the SEG.
    overlay_png
        Picture for people; None when there are no pixels to show.
    """

    segmentation: Dataset | None
    report: Dataset
    overlay_png: bytes | None
