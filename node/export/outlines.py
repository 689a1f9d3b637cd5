"""The lungs in a Segmentation, read to check and to count them."""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from node.export.treatments import OTHER, segment_label
from pipeline.attributes import UNREADABLE, integer, items, text
from pipeline.errors import UndecodablePixels, UnsupportedInstance

_FRAMES = "PerFrameFunctionalGroupsSequence"
_SHARED = "SharedFunctionalGroupsSequence"


def refers_to(segmentation: Dataset, sop_instance_uid: str) -> bool:
    """Whether a Segmentation was drawn on a film."""
    series = items(segmentation, "ReferencedSeriesSequence")
    films = (film for one in series for film in items(one, "ReferencedInstanceSequence"))
    return sop_instance_uid in {text(film, "ReferencedSOPInstanceUID") for film in films}


def check_fits(segmentation: Dataset, film: Dataset) -> None:
    """Refuse an outline that cannot be learnt from together with its film.

    Raises
    ------
    UnsupportedInstance
        If it is of another film or grid, or neither BINARY nor FRACTIONAL.
    """
    if not refers_to(segmentation, text(film, "SOPInstanceUID")):
        raise UnsupportedInstance("The Segmentation refers to another film.")
    grids = [(integer(one, "Rows"), integer(one, "Columns")) for one in (segmentation, film)]
    if grids[0] != grids[1]:
        raise UnsupportedInstance("The Segmentation has another grid than its film.")
    if text(segmentation, "SegmentationType") not in ("BINARY", "FRACTIONAL"):
        raise UnsupportedInstance("Only BINARY and FRACTIONAL Segmentations are read.")


def lung_area(segmentation: Dataset) -> int:
    """Count the pixels of all segments that are lungs; of FRACTIONAL ones half and more counts.

    Raises
    ------
    UnsupportedInstance
        If no pixel is lung.
    UndecodablePixels
        If the pixels do not fit their description.
    """
    segments = items(segmentation, "SegmentSequence")
    lungs = {integer(one, "SegmentNumber") or 0 for one in segments if segment_label(one) != OTHER}
    try:
        area = int(_union(segmentation, lungs - {0}).sum())
    except UNREADABLE as error:
        raise UndecodablePixels("The Segmentation's pixels do not fit its header.") from error
    if area == 0:
        raise UnsupportedInstance("The Segmentation holds no lung.")
    return area


def _union(segmentation: Dataset, lungs: set[int]) -> NDArray[np.bool_]:
    frames = segmentation.pixel_array
    frames = frames.reshape(-1, segmentation.Rows, segmentation.Columns)
    half = (integer(segmentation, "MaximumFractionalValue") or 1) / 2
    chosen = [frames[n] >= half for n, segment in enumerate(_segments(segmentation)) if segment in lungs]
    return np.logical_or.reduce(chosen) if chosen else np.zeros(frames.shape[1:], bool)


def _segments(segmentation: Dataset) -> list[int]:
    shared = [_segment(item) for item in items(segmentation, _SHARED)]
    of_all = shared[0] if shared else 0
    return [_segment(item) or of_all for item in items(segmentation, _FRAMES)]


def _segment(groups: Dataset) -> int:
    numbers = [
        integer(item, "ReferencedSegmentNumber") for item in items(groups, "SegmentIdentificationSequence")
    ]
    return numbers[0] or 0 if numbers else 0
