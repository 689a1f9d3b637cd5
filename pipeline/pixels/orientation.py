r"""Turn a frontal film upright with the patient's right at the left of the image, and back.

Patient Orientation (0020,0020) names the direction in which columns increase along a row, then the direction
in which rows increase down a column (PS3.3 C.7.6.1.1.1). An upright, unmirrored frontal film has ``L\F``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.attributes import texts
from pipeline.values import Orientation

_OPPOSITE = {"L": "R", "R": "L", "H": "F", "F": "H"}
_UPRIGHT = ("L", "F")


def read_orientation(header: Dataset) -> Orientation:
    """Return how the stored grid must be turned.

    Only the first letter of each direction counts, the main one. Lateral and damaged values are unknown.
    """
    directions = _main_directions(header)
    for mirrored in (False, True):
        row, column = directions
        if mirrored:
            row = _OPPOSITE.get(row, "")
        for quarter_turns in range(4):
            if (row, column) == _UPRIGHT:
                return Orientation(mirrored, quarter_turns, known=True)
            row, column = column, _OPPOSITE.get(row, "")
    return Orientation()


def is_lateral(header: Dataset) -> bool:
    """Return whether Patient Orientation has front or back along an axis of the image."""
    return any(direction in ("A", "P") for direction in _main_directions(header))


def _main_directions(header: Dataset) -> tuple[str, str]:
    directions = [value[:1].upper() for value in texts(header, "PatientOrientation")]
    return (directions[0], directions[1]) if len(directions) == 2 else ("", "")


def to_upright(pixels: NDArray[Any], orientation: Orientation) -> NDArray[Any]:
    """Return a view of (rows, columns, ...) turned upright."""
    mirrored = pixels[:, ::-1] if orientation.mirrored else pixels
    return np.rot90(mirrored, orientation.quarter_turns)


def from_upright(pixels: NDArray[Any], orientation: Orientation) -> NDArray[Any]:
    """Return a view of an upright image, turned back onto the stored grid."""
    turned = np.rot90(pixels, -orientation.quarter_turns)
    return turned[:, ::-1] if orientation.mirrored else turned
