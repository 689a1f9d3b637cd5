"""From stored values to one grey scale, 0 black to 1 white, bone white.

Three paths, all of them Modality LUT first and MONOCHROME1 inverted exactly once:

RECOMMENDED
    Percentiles 0.5 and 99.5 of the modality values inside the field become 0 and 1. Used for inference: a
    sender's VOI window is a choice of its software, rules how a newborn's lung looks, and differs by vendor.
PAPER
    The first VOI LUT, else the first window, else nothing; then stretched from least to greatest in 8
    bits. Reproduces the source paper's PNG files, hidden regions included.
DISPLAY
    The first VOI LUT, else the first window, else as RECOMMENDED: what people expect to see.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.attributes import number
from pipeline.pixels.description import PixelDescription, StoredValues
from pipeline.pixels.lut import Lut, read_lut
from pipeline.pixels.voi import Mapping, Ramp, read_voi

_PERCENTILES = (0.005, 0.995)
_SAMPLES = 2**19
_LEAST_CONTRAST = 0.02
"""A window or LUT that leaves less of the grey scale to the image is stale, and ignored."""


class GreyScale(StrEnum):
    """How stored values become grey; see the module."""

    RECOMMENDED = "recommended"
    PAPER = "paper"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True, eq=False)
class Modality:
    """The Modality LUT: a table, or a line.

    Attributes
    ----------
    lut
        None for a line.
    slope, intercept
        ``modality = stored * slope + intercept``; the slope is not 0.
    """

    lut: Lut | None = None
    slope: float = 1.0
    intercept: float = 0.0

    def of(self, stored: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return modality values."""
        return stored * self.slope + self.intercept if self.lut is None else self.lut.look_up(stored)


def read_modality(header: Dataset, description: PixelDescription) -> Modality:
    """Read Modality LUT Sequence, else Rescale Slope and Intercept, else the identity."""
    lut = read_lut(header, "ModalityLUTSequence", lowest_input=description.lowest)
    if lut is not None:
        return Modality(lut)
    slope, intercept = number(header, "RescaleSlope"), number(header, "RescaleIntercept")
    usable = slope is not None and 1e-9 < abs(slope) < 1e9 and abs(intercept or 0) < 1e9
    return Modality(slope=slope or 1.0, intercept=intercept or 0.0) if usable else Modality()


def to_grey(
    stored: StoredValues,
    header: Dataset,
    description: PixelDescription,
    *,
    outside: NDArray[np.bool_] | None = None,
    scale: GreyScale = GreyScale.RECOMMENDED,
) -> tuple[NDArray[np.float32], tuple[str, ...], tuple[float, float] | None]:
    """Map stored values to grey.

    Parameters
    ----------
    stored
        (rows, columns), left unchanged.
    outside
        What is hidden: kept out of the percentiles and made black, but not in PAPER.

    Returns
    -------
    pixels
        float32 (rows, columns) in [0, 1]; all 0 for a constant image.
    notes
        ``grey=recommended``, ``voi=percentiles``...
    ends
        Modality values that became the ends of the grey scale before any inversion; None for a curve.
    """
    modality = read_modality(header, description)
    inverted = description.photometric_interpretation == "MONOCHROME1"
    levels = np.arange(description.lowest, description.highest + 1, dtype=np.float64)
    values = modality.of(levels)
    mapping, voi = _choose(stored, header, values, None if scale == GreyScale.PAPER else outside, scale)
    pixels = _apply(stored, mapping.inverted() if inverted else mapping, modality, values, description)
    if scale == GreyScale.PAPER:
        _stretch_to_8_bits(pixels)
    elif outside is not None:
        pixels[outside] = 0
    ends = (mapping.black, mapping.white) if isinstance(mapping, Ramp) else None
    return pixels, _notes(scale, voi, modality, inverted=inverted), ends


def _choose(
    stored: StoredValues,
    header: Dataset,
    values: NDArray[np.float64],
    outside: NDArray[np.bool_] | None,
    scale: GreyScale,
) -> tuple[Mapping, str]:
    quantiles = (0.0, 1.0) if scale == GreyScale.PAPER else _PERCENTILES
    low, high = modality_quantiles(stored, values, outside, quantiles)
    voi = None if scale == GreyScale.RECOMMENDED else read_voi(header, lowest_input=float(values.min()))
    if voi is not None and np.ptp(voi.mapping.of(np.array([low, high]))) >= _LEAST_CONTRAST:
        return voi.mapping, voi.name
    name = "range" if scale == GreyScale.PAPER else "percentiles"
    return Ramp(low, high), name if voi is None else f"{name}, the {voi.name} misses the image"


def modality_quantiles(
    stored: StoredValues,
    values: NDArray[np.float64],
    outside: NDArray[np.bool_] | None,
    quantiles: Sequence[float],
) -> tuple[float, float]:
    """Return two quantiles of the modality values inside the field.

    Parameters
    ----------
    values
        Modality value of each level that can be stored, the lowest level first.

    Notes
    -----
    Taken from a regular grid of about half a million pixels, the whole image where it is smaller; where both
    fall together, least and greatest are given instead.
    """
    step = max(1, int((stored.size / _SAMPLES) ** 0.5))
    sample = stored[::step, ::step]
    sample = sample[~outside[::step, ::step]] if outside is not None else sample.ravel()
    lowest = 0 if stored.dtype.kind == "u" else -(values.size // 2)
    counts = np.bincount(sample.astype(np.intp) - lowest, minlength=values.size)
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(counts[order])
    if cumulated[-1] == 0:
        return 0.0, 0.0
    found = [values[order[np.searchsorted(cumulated, max(q * cumulated[-1], 1))]] for q in quantiles]
    if found[0] == found[1]:
        present = values[counts > 0]
        found = [present.min(), present.max()]
    return float(found[0]), float(found[1])


def _apply(
    stored: StoredValues,
    mapping: Mapping,
    modality: Modality,
    values: NDArray[np.float64],
    description: PixelDescription,
) -> NDArray[np.float32]:
    if isinstance(mapping, Ramp) and modality.lut is None:
        return mapping.through_line(modality.slope, modality.intercept).of_stored(stored)
    table = mapping.of(values).astype(np.float32)
    index = stored if description.lowest == 0 else stored.astype(np.int32) - description.lowest
    return np.take(table, index, mode="clip")


def _stretch_to_8_bits(pixels: NDArray[np.float32]) -> None:
    low, high = float(pixels.min()), float(pixels.max())
    if high > low:
        pixels -= low
        pixels *= 255 / (high - low)
        np.rint(pixels, out=pixels)
        pixels /= 255


def _notes(scale: GreyScale, voi: str, modality: Modality, *, inverted: bool) -> tuple[str, ...]:
    line = modality.slope != 1 or modality.intercept != 0
    modality_note = "lut" if modality.lut is not None else "rescale" if line else "identity"
    return (
        f"grey={scale}",
        f"modality={modality_note}",
        f"voi={voi}",
        f"inverted={'yes' if inverted else 'no'}",
    )
