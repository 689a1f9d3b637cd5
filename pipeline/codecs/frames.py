"""Decode the one frame of a radiograph to its stored values: sign-extended, unused bits cleared."""

import numpy as np
from pydicom import Dataset
from pydicom.uid import RLELossless

from pipeline.attributes import UNREADABLE, raw_bytes, text
from pipeline.codecs.decoders import Samples
from pipeline.codecs.table import CODEC_BY_TRANSFER_SYNTAX, Codec
from pipeline.errors import UndecodablePixels
from pipeline.pixels.description import PixelDescription, StoredValues

_EXCESS_BYTES = 4096
"""Some senders pad Pixel Data to a block; more than this and the header describes other pixels."""


def decode_frame(dataset: Dataset, description: PixelDescription) -> StoredValues:
    """Decode Pixel Data.

    Parameters
    ----------
    dataset
        With File Meta, which names the transfer syntax. Left unchanged.
    description
        The same Data Set's, already checked against the limits; nothing larger is allocated.

    Returns
    -------
    ndarray
        (rows, columns), u1, u2, i1 or i2, within ``description.lowest..highest``; perhaps read-only.

    Raises
    ------
    UndecodablePixels
        If Pixel Data is missing, damaged, of another size than described, or without a decoder.

    Notes
    -----
    Values outside Bits Stored are cleared (PS3.5 8.1.1: overlays of old objects may be there); where lossy
    compression overshot they are clipped instead. The sign is extended from Bits Stored, or from the
    codestream's own precision where that is smaller.
    """
    codec = _codec(dataset)
    pixel_data = raw_bytes(dataset, "PixelData")
    if pixel_data is None:
        raise UndecodablePixels("The object holds no Pixel Data; send the complete image.")
    if codec.decode is None:
        return _stored_values(_native(pixel_data, description), description)
    samples, precision = codec.decode(_only_frame(pixel_data), description)
    if codec.lossy:
        return _clipped(samples, precision, description)
    # RLE packs the container, every other codec the samples alone.
    high_bit = (
        description.high_bit
        if codec.transfer_syntax_uid == RLELossless
        else min(precision, description.bits_stored) - 1
    )
    return _stored_values(samples, description, high_bit=high_bit)


def _codec(dataset: Dataset) -> Codec:
    transfer_syntax = text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID")
    if not transfer_syntax:
        raise UndecodablePixels(
            "File Meta names no Transfer Syntax; nobody can know how the pixels are encoded."
        )
    codec = CODEC_BY_TRANSFER_SYNTAX.get(transfer_syntax)
    if codec is None:
        raise UndecodablePixels(
            f"No decoder for transfer syntax {transfer_syntax[:64]}; send Explicit VR Little Endian."
        )
    return codec


def _native(pixel_data: bytes, description: PixelDescription) -> Samples:
    expected, actual = description.frame_bytes, len(pixel_data)
    if not expected <= actual <= expected + _EXCESS_BYTES:
        raise UndecodablePixels(
            f"Pixel Data holds {actual} bytes where {description.rows} x {description.columns} pixels of "
            f"{description.bits_allocated} bits need {expected}; it was cut off or its header is wrong."
        )
    dtype = "<u1" if description.bits_allocated == 8 else "<u2"
    count = description.rows * description.columns
    samples: Samples = np.frombuffer(pixel_data, dtype, count=count).reshape(description.shape)
    return samples


def _only_frame(pixel_data: bytes) -> bytes:
    from pydicom.encaps import get_frame

    try:
        return get_frame(pixel_data, 0, number_of_frames=1)
    except UNREADABLE as error:
        raise UndecodablePixels(
            f"The compressed Pixel Data is not well encapsulated ({error}); send the image again."
        ) from error


def _stored_values(
    samples: Samples, description: PixelDescription, *, high_bit: int | None = None
) -> StoredValues:
    container = samples.dtype.itemsize * 8
    high = description.high_bit if high_bit is None else high_bit
    bits = min(description.bits_stored, high + 1)
    if description.signed:
        shifted = samples if high + 1 == container else samples << (container - 1 - high)
        signed = shifted.view(f"<i{samples.dtype.itemsize}")
        return signed if bits == container else signed >> (container - bits)
    if bits == container:
        return samples
    low_bit = high + 1 - bits
    return (samples >> low_bit if low_bit else samples) & ((1 << bits) - 1)


def native_samples(
    samples: Samples, precision: int, description: PixelDescription, *, lossy: bool
) -> StoredValues:
    """Give decoded samples as they lie in native Pixel Data: in the container that Bits Allocated says.

    Parameters
    ----------
    samples, precision
        As a decoder returned them.
    lossy
        Whether they may overshoot the range of Bits Stored; then they are clipped.

    Notes
    -----
    Bits that the codec carried are kept, also those outside Bits Stored.

    Raises
    ------
    UndecodablePixels
        If the codec carried more bits than Bits Allocated holds.
    """
    container = max(description.bits_allocated, 8)
    if precision > container:
        raise UndecodablePixels(
            f"The codestream holds {precision}-bit samples, the header says {container} bits allocated."
        )
    stored: StoredValues = samples
    if lossy:
        stored = _clipped(samples, precision, description)
    elif description.signed:
        stored = _sign_extended(samples, precision)
    kind = "i" if description.signed else "u"
    return stored.astype(f"<{kind}{container // 8}", copy=False)


def _sign_extended(samples: Samples, precision: int) -> StoredValues:
    shift = samples.dtype.itemsize * 8 - precision
    signed: StoredValues = (samples << shift).view(f"<i{samples.dtype.itemsize}") >> shift
    return signed


def _clipped(samples: Samples, precision: int, description: PixelDescription) -> StoredValues:
    if not description.signed:
        return np.minimum(samples, min(description.highest, np.iinfo(samples.dtype).max))
    signed = _sign_extended(samples, precision)
    limits = np.iinfo(signed.dtype)
    clipped: StoredValues = signed.clip(
        max(description.lowest, limits.min), min(description.highest, limits.max)
    )
    return clipped
