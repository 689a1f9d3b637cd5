"""What a JPEG, JPEG-LS or JPEG 2000 codestream says of itself, read before a decoder sees it.

A decoder allocates what the codestream asks for, not what the DICOM header says: the two are compared first.
"""

import struct
from dataclasses import dataclass

from pipeline.errors import UndecodablePixels

_J2K_SIZ = b"\xff\x4f\xff\x51"
_JPEG_LS_SOF = 0xF7


@dataclass(frozen=True, slots=True)
class Codestream:
    """Geometry and depth of one compressed frame.

    Attributes
    ----------
    process
        JPEG family: number of the start-of-frame marker (0xC1, 0xC3, 0xF7); JPEG 2000: 0x51.
    precision
        Bits per sample.
    """

    process: int
    rows: int
    columns: int
    components: int
    precision: int


def read_jpeg_ls(frame: bytes) -> Codestream:
    """Read the frame header of a JPEG-LS codestream (ISO/IEC 14495-1 C.2.2).

    Raises
    ------
    UndecodablePixels
        If it is no such codestream, or does not end with its end marker: CharLS spends seconds on those.
    """
    position = 2
    while frame[:2] == b"\xff\xd8" and position + 10 <= len(frame) and frame[position] == 0xFF:
        marker, length = struct.unpack_from(">BH", frame, position + 1)
        if marker == _JPEG_LS_SOF:
            _check_end(frame)
            precision, rows, columns, components = struct.unpack_from(">BHHB", frame, position + 4)
            return Codestream(marker, rows, columns, components, precision)
        position += 1 if marker == 0xFF else 2 + length
    raise UndecodablePixels("The compressed frame is no JPEG-LS codestream; send the image uncompressed.")


def _check_end(frame: bytes) -> None:
    if not frame.rstrip(b"\0\xff").endswith(b"\xff\xd9"):
        raise UndecodablePixels("The JPEG-LS codestream is cut off before its end; send the image again.")


def read_jpeg_2000(frame: bytes) -> Codestream:
    """Read the SIZ marker of a JPEG 2000 or High-Throughput codestream (ISO/IEC 15444-1 A.5.1).

    A JP2 wrapper, which DICOM forbids but senders write, is looked through.

    Raises
    ------
    UndecodablePixels
        If it is no such codestream.
    """
    start = frame[:4096].find(_J2K_SIZ)
    if start < 0 or len(frame) < start + 43:
        raise UndecodablePixels(
            "The compressed frame is no JPEG 2000 codestream; send the image uncompressed."
        )
    width, height, left, top = struct.unpack_from(">4I", frame, start + 8)
    components, depth = struct.unpack_from(">HB", frame, start + 40)
    return Codestream(0x51, height - top, width - left, components, (depth & 0x7F) + 1)
