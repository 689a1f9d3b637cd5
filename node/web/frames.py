"""Retrieve frames and pixel data (PS3.18 10.4): decompressed, or as they are stored."""

import re
from collections.abc import Iterator, Sequence

from pydicom import Dataset
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from starlette.responses import Response

from node.errors import WebRefused
from node.web.answers import Part, multipart, whole
from node.web.holdings import DEFAULT_SYNTAX, Holdings
from node.web.inquiry import Inquiry
from node.web.media import ANY_SYNTAX, OCTETS, Choice, Offer
from pipeline.attributes import UNREADABLE, integer, raw_bytes, text
from pipeline.errors import PipelineError
from pipeline.part10 import read_part10
from storage.values import StoredInstance

COMPRESSED_TYPES = {
    str(syntax): name
    for name, syntaxes in {
        "image/jpeg": (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1),
        "image/dicom-rle": (RLELossless,),
        "image/jls": (JPEGLSLossless, JPEGLSNearLossless),
        "image/jp2": (JPEG2000Lossless, JPEG2000),
        "image/jphc": (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K),
    }.items()
    for syntax in syntaxes
}
"""Media type of a compressed frame by its transfer syntax (PS3.18 table 8.7.3-5)."""

_NUMBERS = re.compile(r"[1-9][0-9]{0,8}(,[1-9][0-9]{0,8})*")
_MOST_FRAMES = 10_000


class Frames:
    """Answers requests for frames."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings

    def frames(self, inquiry: Inquiry) -> Response:
        """Give the frames that the path lists."""
        numbers = read_numbers(inquiry.path["frames"])
        return self.answer(inquiry, self._holdings.one(inquiry.keys), numbers)

    def answer(
        self, inquiry: Inquiry, stored: StoredInstance, numbers: Sequence[int] | None = None
    ) -> Response:
        """Give frames of one instance, all when no numbers are given.

        Raises
        ------
        WebRefused
            With 404 when there is no such frame, with 406 when none of the forms is taken.
        """
        compressed = COMPRESSED_TYPES.get(stored.transfer_syntax_uid)
        names = [OCTETS, compressed] if compressed else [OCTETS]
        is_one = numbers is not None and len(numbers) == 1
        offers = [Offer(name, is_multipart=True) for name in names]
        choice = inquiry.choose(*offers, *(Offer(name) for name in names if is_one))
        dataset, syntax = self._decoded(stored, _syntaxes(choice, stored))
        numbers = numbers or range(1, count_frames(dataset) + 1)
        # Taken before the answer begins: what is not there must still become a status.
        found = [frame_of(dataset, number, syntax) for number in numbers]
        kind = f"{choice.offer.name}; transfer-syntax={syntax}"
        if not choice.offer.is_multipart:
            return whole(found[0], kind)
        place = inquiry.links.instance(
            stored.study_instance_uid, stored.series_instance_uid, stored.sop_instance_uid
        )
        parts: Iterator[Part] = (
            (kind, f"{place}/frames/{number}", frame) for number, frame in zip(numbers, found, strict=True)
        )
        return multipart(choice.offer.name, parts)

    def _decoded(self, stored: StoredInstance, syntaxes: Sequence[str]) -> tuple[Dataset, str]:
        part10, syntax = self._holdings.encoded(stored, syntaxes)
        try:
            dataset = read_part10(part10)
        except PipelineError as error:
            raise WebRefused(406, "The pixels of this instance cannot be read.") from error
        # The pixels of both plain transfer syntaxes are the same.
        return dataset, syntax if syntax in COMPRESSED_TYPES else DEFAULT_SYNTAX


def _syntaxes(choice: Choice, stored: StoredInstance) -> tuple[str, ...]:
    """Give the transfer syntaxes that fit the media type that was chosen."""
    own = stored.transfer_syntax_uid
    if choice.offer.name == OCTETS:
        fitting = {"", ANY_SYNTAX, own, DEFAULT_SYNTAX}
        syntaxes = tuple(
            dict.fromkeys(syntax or DEFAULT_SYNTAX for syntax in choice.syntaxes if syntax in fitting)
        )
    else:
        syntaxes = (own,) if {"", ANY_SYNTAX, own} & set(choice.syntaxes) else ()
    if not syntaxes:
        raise WebRefused(406, f"These frames can be had in transfer syntax {DEFAULT_SYNTAX} or {own}.")
    return syntaxes


def read_numbers(listed: str) -> list[int]:
    """Read a list of frame numbers, from 1, as ``1,2,5``.

    Raises
    ------
    WebRefused
        With 400 when it is none, or names a frame twice: a short path must not ask for more than there is.
    """
    if not _NUMBERS.fullmatch(listed) or listed.count(",") >= _MOST_FRAMES:
        raise WebRefused(400, "The path lists no frame numbers, as 1,2,5.")
    numbers = [int(number) for number in listed.split(",")]
    if len(set(numbers)) < len(numbers):
        raise WebRefused(400, "The path names a frame twice.")
    return numbers


def count_frames(dataset: Dataset) -> int:
    """Give the number of frames; 0 for what is no image."""
    if "PixelData" not in dataset:
        return 0
    return max(1, integer(dataset, "NumberOfFrames") or 1)


def frame_of(dataset: Dataset, number: int, syntax: str) -> bytes:
    """Give the bytes of one frame as they are encoded.

    Parameters
    ----------
    number
        From 1.
    syntax
        Transfer syntax of the Data Set.

    Raises
    ------
    WebRefused
        With 404 when there is no such frame, or its bytes are missing.
    """
    frames, pixel_data = count_frames(dataset), raw_bytes(dataset, "PixelData")
    if pixel_data is None or number > frames:
        raise WebRefused(404, f"The instance has {frames} frames." if frames else "The instance is no image.")
    if syntax in COMPRESSED_TYPES:
        return _compressed_frame(dataset, pixel_data, number - 1, frames)
    bits = _frame_bits(dataset)
    start = (number - 1) * bits
    if bits == 0 or start + bits > 8 * len(pixel_data):
        raise WebRefused(404, "The pixel data of the instance is shorter than its header says.")
    if bits % 8 == 0:
        return pixel_data[start // 8 : (start + bits) // 8]
    return _bit_frame(pixel_data, start, bits)


def _frame_bits(dataset: Dataset) -> int:
    """Give the length of a native frame; of one bit a pixel it need not end with a byte (PS3.5 8.1.1)."""
    numbers = [integer(dataset, name) or 0 for name in ("Rows", "Columns", "BitsAllocated")]
    samples = integer(dataset, "SamplesPerPixel") or 1
    bits = numbers[0] * numbers[1] * numbers[2] * samples
    # Two chrominance samples serve two pixels.
    return bits * 2 // 3 if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422" else bits


def _bit_frame(pixel_data: bytes, start: int, bits: int) -> bytes:
    """Take a frame out of packed bits; here it starts at a byte of its own (PS3.18 8.7.3.3.2)."""
    import numpy as np

    covering = np.frombuffer(pixel_data, np.uint8)[start // 8 : (start + bits + 7) // 8]
    unpacked = np.unpackbits(covering, bitorder="little")[start % 8 :][:bits]
    return np.packbits(unpacked, bitorder="little").tobytes()


def _compressed_frame(dataset: Dataset, pixel_data: bytes, index: int, frames: int) -> bytes:
    from pydicom.encaps import get_frame

    tables = [
        raw_bytes(dataset, name) or b"" for name in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
    ]
    offsets = (tables[0], tables[1]) if all(tables) else None
    try:
        return get_frame(pixel_data, index, number_of_frames=frames, extended_offsets=offsets)
    except UNREADABLE as error:
        raise WebRefused(404, "The compressed pixel data of the instance is damaged.") from error
