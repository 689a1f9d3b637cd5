"""The Image Pixel attributes (PS3.3 C.7.6.3) of a radiograph, checked before anything is decoded."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.attributes import integer, text
from pipeline.errors import UnsupportedInstance

MONOCHROME = ("MONOCHROME1", "MONOCHROME2")

StoredValues = NDArray[np.integer[Any]]
"""(rows, columns) as decoded, sign-extended, unused bits cleared."""


@dataclass(frozen=True, slots=True)
class PixelLimits:
    """Sizes of a grid that may be decoded.

    Attributes
    ----------
    min_side, max_side
        Pixels along the shorter and the longer side.
    max_pixel_bytes
        Bytes of the decoded frame.
    """

    min_side: int = 128
    max_side: int = 8192
    max_pixel_bytes: int = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """How the frames of an image are stored; radiographs have one, of one sample.

    Attributes
    ----------
    bits_allocated
        8 or 16; of images that are never judged also 1.
    bits_stored
        8..bits_allocated; of images that are never judged also less.
    high_bit
        bits_stored - 1..bits_allocated - 1; where the header says something impossible, bits_stored - 1.
    signed
        Whether the stored values are two's complement.
    samples_per_pixel
        1, or 3 for colour, which is never judged.
    """

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric_interpretation: str
    samples_per_pixel: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def frame_bytes(self) -> int:
        """Length of the uncompressed frame, without padding to an even length."""
        return self.rows * self.columns * (self.bits_allocated // 8)

    @property
    def lowest(self) -> int:
        """Smallest value that can be stored."""
        return -(1 << (self.bits_stored - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """Largest value that can be stored."""
        return self.lowest + (1 << self.bits_stored) - 1


def describe_pixels(header: Dataset, limits: PixelLimits | None = None) -> PixelDescription:
    """Read and check how the pixels are stored.

    Parameters
    ----------
    header
        With or without Pixel Data.
    limits
        `PixelLimits` as they are when None.

    Raises
    ------
    UnsupportedInstance
        Unless it is one frame of one monochrome sample in 8 or 16 bits, within the limits.
    """
    _check_kind(header)
    bits_allocated, bits_stored, high_bit = _bits(header)
    description = PixelDescription(
        rows=_size(header, "Rows"),
        columns=_size(header, "Columns"),
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        high_bit=high_bit,
        signed=integer(header, "PixelRepresentation") == 1,
        photometric_interpretation=text(header, "PhotometricInterpretation"),
    )
    _check_limits(description, limits or PixelLimits())
    return description


def describe_frames(header: Dataset) -> PixelDescription:
    """Read how the frames of any image that the node keeps are stored, whether it can be judged or not.

    Raises
    ------
    UnsupportedInstance
        Unless it has a grid of 1 or 3 samples in 1, 8 or 16 bits.
    """
    allocated, samples = integer(header, "BitsAllocated"), integer(header, "SamplesPerPixel")
    if allocated not in (1, 8, 16) or samples not in (1, 3):
        raise UnsupportedInstance(
            f"{samples or 'unknown'} samples of {allocated or 'unknown'} bits; 1 or 3 of 1, 8 or 16 are read."
        )
    stored = integer(header, "BitsStored") or allocated
    stored = stored if 1 <= stored <= allocated else allocated
    high = integer(header, "HighBit")
    return PixelDescription(
        rows=_size(header, "Rows"),
        columns=_size(header, "Columns"),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high if high is not None and stored <= high + 1 <= allocated else stored - 1,
        signed=integer(header, "PixelRepresentation") == 1,
        photometric_interpretation=text(header, "PhotometricInterpretation"),
        samples_per_pixel=samples,
    )


def _check_kind(header: Dataset) -> None:
    if "Rows" not in header or "Columns" not in header:
        raise UnsupportedInstance("The object holds no image: it has no Rows and Columns.")
    frames = 1 if "NumberOfFrames" not in header else integer(header, "NumberOfFrames")
    if frames not in (1, None):
        raise UnsupportedInstance(f"{frames} frames; a radiograph has one. Send single-frame images.")
    samples = integer(header, "SamplesPerPixel")
    photometric = text(header, "PhotometricInterpretation")
    if samples not in (1, None) or photometric not in MONOCHROME:
        raise UnsupportedInstance(
            f"{samples or 'unknown'} samples per pixel, photometric interpretation {photometric[:16]!r}; "
            f"only {' and '.join(MONOCHROME)} are judged. Send the original grey image."
        )


def _bits(header: Dataset) -> tuple[int, int, int]:
    allocated = integer(header, "BitsAllocated")
    if allocated not in (8, 16):
        raise UnsupportedInstance(f"{allocated or 'unknown'} bits allocated; only 8 and 16 are judged.")
    stored = integer(header, "BitsStored") if "BitsStored" in header else allocated
    if stored is None or not 8 <= stored <= allocated:
        raise UnsupportedInstance(f"{stored} of {allocated} bits stored; 8 to {allocated} are judged.")
    high = integer(header, "HighBit")
    return allocated, stored, high if high is not None and stored <= high + 1 <= allocated else stored - 1


def _size(header: Dataset, keyword: str) -> int:
    size = integer(header, keyword)
    if size is None or size < 1:
        raise UnsupportedInstance(f"No usable {keyword}; the object holds no image grid.")
    return size


def _check_limits(description: PixelDescription, limits: PixelLimits) -> None:
    rows, columns = description.shape
    if min(rows, columns) < limits.min_side or max(rows, columns) > limits.max_side:
        raise UnsupportedInstance(
            f"{rows} x {columns} pixels; {limits.min_side} to {limits.max_side} a side are judged."
        )
    if description.frame_bytes > limits.max_pixel_bytes:
        raise UnsupportedInstance(
            f"{description.frame_bytes} bytes of pixels; at most {limits.max_pixel_bytes} are judged."
        )
