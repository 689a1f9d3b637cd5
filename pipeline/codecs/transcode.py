"""Bring an object into a transfer syntax that another system takes, to the last bit of its pixels."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from pipeline.attributes import UNREADABLE, integer, raw_bytes, text
from pipeline.codecs.decoders import decode_baseline, decode_extended, decode_jpeg_2000, decode_rle
from pipeline.codecs.frames import native_samples
from pipeline.codecs.table import CODEC_BY_TRANSFER_SYNTAX, Codec
from pipeline.encoding import encode_part10
from pipeline.errors import NotTranscodable, UndecodablePixels, UnsupportedInstance
from pipeline.part10 import MOST_BYTES, read_part10
from pipeline.pixels.description import PixelDescription, describe_frames

TARGETS: tuple[UID, ...] = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
"""What can be written: nothing is ever compressed anew."""


def transcode(part10: bytes, accepted: Sequence[str]) -> bytes:
    """Give an object in one of the transfer syntaxes that are accepted.

    Parameters
    ----------
    part10
        A Part 10 file in a transfer syntax that the node stores.
    accepted
        Transfer syntax UIDs, the preferred first. The one that the object has comes before all others: the
        very bytes are returned then.

    Returns
    -------
    bytes
        A Part 10 file. Every value but Pixel Data keeps its bytes. Pixels have the values that the node's own
        decoders read, which for a lossless codec are the original's. Lossy Image Compression and what goes
        with it stay: a film that was compressed with loss stays one that was (PS3.3 C.7.6.1.1.5).

    Raises
    ------
    NotTranscodable
        If none of the accepted transfer syntaxes can be written.
    UndecodablePixels, UnsupportedInstance
        If Data Set or pixels are damaged, or stored in a way that no decoder here reads.
    """
    dataset = read_part10(part10)
    stored = text(getattr(dataset, "file_meta", Dataset()), "TransferSyntaxUID")
    if stored in accepted:
        return part10
    target = next((syntax for syntax in accepted if syntax in TARGETS), None)
    codec = CODEC_BY_TRANSFER_SYNTAX.get(stored)
    if target is None or codec is None:
        raise NotTranscodable(
            f"No way from transfer syntax {stored[:64] or 'unknown'} to {', '.join(accepted) or 'none'}; "
            "let the other system accept Explicit VR Little Endian."
        )
    try:
        if codec.decode is not None:
            _decompress(dataset, codec)
        return encode_part10(dataset, target)
    except UNREADABLE as error:
        raise UndecodablePixels(f"The Data Set is damaged ({error}); send it again.") from error


def _decompress(dataset: Dataset, codec: Codec) -> None:
    """Put native pixels in the place of compressed ones, and say how they lie there."""
    description = describe_frames(dataset)
    pixels = _pack([*_frames(dataset, codec, description)], description)
    dataset.add_new("PixelData", "OW" if description.bits_allocated > 8 else "OB", pixels)
    dataset["PixelData"].is_undefined_length = False
    if description.samples_per_pixel > 1:
        dataset.PlanarConfiguration = 0
        dataset.PhotometricInterpretation = _colour_space(codec, description)
    if codec.decode is not decode_rle and "HighBit" in dataset:
        dataset.HighBit = description.bits_stored - 1
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            delattr(dataset, keyword)
    _drop_compressed_icons(dataset)


def _colour_space(codec: Codec, description: PixelDescription) -> str:
    """Tell what the decoder made of the colour: it undoes what belongs to the compression."""
    given = description.photometric_interpretation
    if codec.decode in (decode_baseline, decode_extended):
        return "RGB"
    undone = codec.decode is decode_jpeg_2000 and given in ("YBR_RCT", "YBR_ICT")
    return "RGB" if undone else given


def _frames(dataset: Dataset, codec: Codec, description: PixelDescription) -> Iterator[NDArray[np.integer]]:
    from pydicom.encaps import generate_frames

    pixel_data = raw_bytes(dataset, "PixelData")
    if pixel_data is None or codec.decode is None:
        raise UndecodablePixels("The object holds no Pixel Data; send the complete image.")
    frames = integer(dataset, "NumberOfFrames") or 1
    _check_size(description, frames)
    tables = (
        raw_bytes(dataset, "ExtendedOffsetTable") or b"",
        raw_bytes(dataset, "ExtendedOffsetTableLengths") or b"",
    )
    count = 0
    try:
        for frame in generate_frames(
            pixel_data, number_of_frames=frames, extended_offsets=tables if all(tables) else None
        ):
            samples, precision = codec.decode(frame, description)
            yield native_samples(samples, precision, description, lossy=codec.lossy)
            count += 1
    except UNREADABLE as error:
        raise UndecodablePixels(f"The compressed Pixel Data is not well encapsulated ({error}).") from error
    if count != frames:
        raise UndecodablePixels(f"Pixel Data holds {count} frames where the header says {frames}.")


def _check_size(description: PixelDescription, frames: int) -> None:
    size = description.rows * description.columns * description.samples_per_pixel * frames
    if frames < 1 or size * max(1, description.bits_allocated // 8) > MOST_BYTES:
        raise UnsupportedInstance(f"{frames} frames grow beyond {MOST_BYTES} bytes when decompressed.")


def _pack(frames: Sequence[NDArray[np.integer]], description: PixelDescription) -> bytes:
    if description.bits_allocated == 1:
        # Frames follow each other without padding (PS3.5 8.1.1).
        packed = np.packbits(np.concatenate([frame.reshape(-1) for frame in frames]), bitorder="little")
        pixels = packed.tobytes()
    else:
        pixels = b"".join(frame.tobytes() for frame in frames)
    return pixels + b"\0" * (len(pixels) % 2)


def _drop_compressed_icons(dataset: Dataset) -> None:
    """Leave out an icon that is itself compressed: native pixels beside it would contradict it."""
    if "IconImageSequence" not in dataset:
        return
    if any(
        "PixelData" in icon and icon["PixelData"].is_undefined_length for icon in dataset.IconImageSequence
    ):
        del dataset.IconImageSequence
