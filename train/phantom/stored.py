"""How a picture becomes stored values: depth, polarity, padding, and the way back to the picture by VOI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from train.phantom.film import Phantom

_DEPTHS = ((10, 0.10), (12, 0.60), (14, 0.20), (16, 0.10))
_VOI = (("window", 0.6), ("table", 0.2), ("none", 0.2))


@dataclass(frozen=True, slots=True)
class Storing:
    """How one film is stored.

    Attributes
    ----------
    bits
        Bits Stored (0028,0101).
    inverted
        MONOCHROME1: low values are white.
    voi
        ``window`` (the picture fills a part of the range), ``table`` (a curve gives it back), or ``none``; DX
        films, which must have one (PS3.3 A.26), then have a window over the whole range.
    padded
        What is quite black, as under the blades, holds Pixel Padding Value (0028,0120), and nothing else.
    """

    bits: int
    inverted: bool
    voi: str
    padded: bool


def draw_storing(rng: np.random.Generator) -> Storing:
    """Draw the way of one film."""
    bits = int(rng.choice([bits for bits, _ in _DEPTHS], p=[share for _, share in _DEPTHS]))
    voi = str(rng.choice([kind for kind, _ in _VOI], p=[share for _, share in _VOI]))
    return Storing(bits, bool(rng.random() < 0.25), voi, bool(rng.random() < 0.20))


def set_pixels(dataset: Dataset, film: Phantom, storing: Storing) -> None:
    """Write the Image Pixel and VOI LUT Modules; the picture shown is the phantom's own."""
    top = 2**storing.bits - 1
    shown = 1 - film.pixels if storing.inverted else film.pixels
    low, high = (0.15, 0.85) if storing.voi == "window" else (0.0, 1.0)
    raw = _bent(shown) if storing.voi == "table" else shown
    low_value, high_value = low * (top - 2) + 1, high * (top - 2) + 1
    values = np.rint(low_value + (high_value - low_value) * raw).astype("<u2")
    if storing.padded:
        _pad(dataset, values, film.pixels == 0, 0 if not storing.inverted else top)
    _describe(dataset, values, storing)
    if storing.voi == "window" or (storing.voi == "none" and dataset.Modality == "DX"):
        dataset.WindowCenter = f"{low_value + (high_value - low_value) / 2 + 0.5:.1f}"
        dataset.WindowWidth = f"{high_value - low_value + 1:.1f}"
    elif storing.voi == "table":
        dataset.VOILUTSequence = [_table(storing.bits)]
    dataset.PixelData = values.tobytes()
    dataset["PixelData"].VR = "OW"


def _bent(shown: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values whose square-root-like curve is the picture."""
    return np.asarray(shown**2 * 0.6 + shown * 0.4, np.float32)


def _table(bits: int) -> Dataset:
    """Make the table that takes stored values back to the picture, 16 bits out."""
    share = np.clip((np.arange(2**bits) - 1) / (2**bits - 3), 0, 1)
    shown = (np.sqrt(0.16 + 2.4 * share) - 0.4) / 1.2
    table = Dataset()
    table.LUTDescriptor = [len(share) % 2**16, 0, 16]
    table.LUTData = np.rint(shown * 65535).astype("<u2").tobytes()
    table["LUTData"].VR = "OW"
    return table


def _pad(dataset: Dataset, values: NDArray[np.uint16], covered: NDArray[np.bool_], padding: int) -> None:
    if covered.mean() > 0.01:
        values[covered] = padding
        dataset.PixelPaddingValue = padding


def _describe(dataset: Dataset, values: NDArray[np.uint16], storing: Storing) -> None:
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME1" if storing.inverted else "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, storing.bits, storing.bits - 1
    if dataset.Modality == "DX":
        dataset.PresentationLUTShape = "INVERSE" if storing.inverted else "IDENTITY"
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = 1 if storing.inverted else -1
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
