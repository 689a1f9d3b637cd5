"""A segmentation over the film that it was made from, as people expect to see it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from node.web.picture import Painting
from pipeline.attributes import items, text
from pipeline.results.colours import LEFT_LUNG, LUNGS, RIGHT_LUNG

_COLOURS = (RIGHT_LUNG, LEFT_LUNG, LUNGS)
_SHARE = 0.35
"""Part of the colour inside a segment."""


def source_uid(segmentation: Dataset) -> str:
    """Give the SOP Instance UID of the image that was segmented; empty when none is named."""
    named = (
        text(instance, "ReferencedSOPInstanceUID")
        for series in items(segmentation, "ReferencedSeriesSequence")
        for instance in items(series, "ReferencedInstanceSequence")
    )
    return next(named, "")


def lay_over(film: Painting, masks: Sequence[NDArray[np.uint8]]) -> Painting:
    """Colour the segments on a film.

    Parameters
    ----------
    film
        Grey.
    masks
        (rows, columns) of the film's size, 0 and 1; each gets a colour of its own.
    """
    colours = np.repeat(film.pixels[:, :, None].astype(np.float32), 3, axis=2)
    for number, mask in enumerate(masks):
        colour = np.array(_COLOURS[number % len(_COLOURS)], np.float32)
        inside = mask.astype(bool)
        colours[inside] += _SHARE * (colour - colours[inside])
    return Painting(colours.round().astype(np.uint8), film.aspect)
