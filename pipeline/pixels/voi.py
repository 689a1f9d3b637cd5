"""Value-of-interest transformations (PS3.3 C.11.2): windows and VOI LUTs, from modality values to [0, 1]."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.attributes import numbers, text
from pipeline.pixels.description import StoredValues
from pipeline.pixels.lut import Lut, read_lut

_NARROWEST = 1e-6
"""A step is a ramp of this width, as a part of one input unit."""


class Mapping(Protocol):
    """Modality values to grey in [0, 1]."""

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the grey of each modality value."""
        ...

    def inverted(self) -> "Mapping":
        """Return the mapping with black and white exchanged."""
        ...


@dataclass(frozen=True, slots=True)
class Ramp:
    """A straight line between two modality values, flat outside.

    Attributes
    ----------
    black, white
        Inputs that become 0 and 1. Black may be above white; both alike make everything 0.
    """

    black: float
    white: float

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the grey of each modality value."""
        if self.black == self.white:
            return np.zeros_like(values)
        return np.asarray(np.clip((values - self.black) / (self.white - self.black), 0, 1))

    def inverted(self) -> "Ramp":
        """Return the ramp with black and white exchanged."""
        return Ramp(self.white, self.black)

    def through_line(self, slope: float, intercept: float) -> "Ramp":
        """Return the ramp that takes stored values, where ``modality = stored * slope + intercept``."""
        return Ramp((self.black - intercept) / slope, (self.white - intercept) / slope)

    def of_stored(self, stored: StoredValues) -> NDArray[np.float32]:
        """Return the grey of a whole image, in one array that is worked on in place."""
        if self.black == self.white:
            return np.zeros(stored.shape, np.float32)
        grey = stored.astype(np.float32)
        grey -= np.float32(self.black)
        grey *= np.float32(1 / (self.white - self.black))
        return np.clip(grey, 0, 1, out=grey)


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """The SIGMOID function of PS3.3 C.11.2.1.3.1; a negative width inverts it."""

    centre: float
    width: float

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the grey of each modality value."""
        exponent = np.clip(-4 * (values - self.centre) / self.width, -700, 700)
        return np.asarray(1 / (1 + np.exp(exponent)))

    def inverted(self) -> "Sigmoid":
        """Return the curve with black and white exchanged."""
        return Sigmoid(self.centre, -self.width)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A VOI LUT."""

    lut: Lut
    is_inverted: bool = False

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the grey of each modality value."""
        grey = np.clip(self.lut.look_up(values) / (2**self.lut.bits - 1), 0, 1)
        return np.asarray(1 - grey if self.is_inverted else grey)

    def inverted(self) -> "Table":
        """Return the table with black and white exchanged."""
        return Table(self.lut, not self.is_inverted)


@dataclass(frozen=True, slots=True)
class Voi:
    """A transformation from a header, and its kind: ``lut``, ``window``, ``exact window``, ``sigmoid``."""

    mapping: Mapping
    name: str


def read_voi(header: Dataset, *, lowest_input: float) -> Voi | None:
    """Read the first VOI LUT, else the first window.

    Parameters
    ----------
    lowest_input
        Smallest modality value that can come in.

    Returns
    -------
    Voi or None
        None when there is none, or its numbers make no sense (a width of 0).
    """
    lut = read_lut(header, "VOILUTSequence", lowest_input=lowest_input)
    if lut is not None:
        return Voi(Table(lut), "lut")
    centres, widths = numbers(header, "WindowCenter"), numbers(header, "WindowWidth")
    if not centres or not widths:
        return None
    return make_window(centres[0], widths[0], text(header, "VOILUTFunction") or "LINEAR")


def make_window(centre: float, width: float, function: str = "LINEAR") -> Voi | None:
    """Make the transformation of a window (PS3.3 C.11.2.1.2.1, C.11.2.1.3).

    Parameters
    ----------
    width
        >= 1 for LINEAR, > 0 for LINEAR_EXACT and SIGMOID.
    function
        Anything else is taken as LINEAR.

    Returns
    -------
    Voi or None
        None when the width is not allowed.
    """
    if function in ("LINEAR_EXACT", "SIGMOID"):
        if width <= 0:
            return None
        if function == "SIGMOID":
            return Voi(Sigmoid(centre, width), "sigmoid")
        return Voi(Ramp(centre - width / 2, centre + width / 2), "exact window")
    if width < 1:
        return None
    half = max((width - 1) / 2, _NARROWEST)
    return Voi(Ramp(centre - 0.5 - half, centre - 0.5 + half), "window")
