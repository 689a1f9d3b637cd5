"""Take a JPEG codestream apart and put a strict one together for the decoder.

GDCM ends the whole process on some damaged headers. So every segment before the scan is checked here against
ISO/IEC 10918-1 Annex B for one scan; what an image can do without (APPn, COM) goes. One component, or three
in lossless JPEG.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.codecs.codestream import Codestream
from pipeline.errors import UndecodablePixels

SOF_BASELINE, SOF_EXTENDED, SOF_LOSSLESS = 0xC0, 0xC1, 0xC3
_DHT, _EOI, _SOS, _DQT, _DRI = 0xC4, 0xD9, 0xDA, 0xDB, 0xDD
_NOT_SUBSAMPLED = 0x11
_LEFT_OUT = frozenset({*range(0xE0, 0xF0), 0xFE})
_MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")


@dataclass(slots=True)
class _Parts:
    """Segments met so far, as they go into the strict codestream."""

    segments: list[bytes] = field(default_factory=list)
    huffman_tables: set[tuple[int, int]] = field(default_factory=set)
    quantisation_tables: set[int] = field(default_factory=set)
    process: int = 0
    components: tuple[tuple[int, int], ...] = ()
    """Identifier and quantisation table of each."""
    sizes: tuple[int, int, int] = (0, 0, 0)


def strict_jpeg(frame: bytes) -> tuple[Codestream, bytes]:
    """Check a sequential Huffman JPEG of one component, or a lossless one of one or three.

    Returns
    -------
    Codestream, bytes
        What it says of itself, and the same image with nothing but the segments it needs.

    Raises
    ------
    UndecodablePixels
        If it is anything else, or is cut off.
    """
    parts = _Parts()
    for marker, body, end in _segments(frame):
        if marker == _SOS:
            body = _scan_header(body, parts)
            scan = _scan(frame, end)
            precision, rows, columns = parts.sizes
            stream = Codestream(parts.process, rows, columns, len(parts.components), precision)
            return stream, b"".join([b"\xff\xd8", *parts.segments, _segment(marker, body), scan, b"\xff\xd9"])
        _take(marker, body, parts)
    raise _damaged("no scan")


def _segments(frame: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield marker, body and end of every segment from the start."""
    if frame[:2] != b"\xff\xd8":
        raise UndecodablePixels("The compressed frame is no JPEG codestream; send the image uncompressed.")
    position = 2
    while position + 4 <= len(frame):
        if frame[position] != 0xFF:
            raise _damaged("no marker where one must be")
        if frame[position + 1] == 0xFF:
            position += 1
            continue
        end = position + 2 + int.from_bytes(frame[position + 2 : position + 4], "big")
        if not position + 4 <= end <= len(frame):
            raise _damaged("segment runs over the end")
        yield frame[position + 1], frame[position + 4 : end], end
        position = end


def _take(marker: int, body: bytes, parts: _Parts) -> None:
    if marker in _LEFT_OUT:
        return
    if marker in (SOF_BASELINE, SOF_EXTENDED, SOF_LOSSLESS) and not parts.process:
        parts.process = marker
        body = _frame_header(body, parts)
    elif marker == _DHT:
        _check_huffman_tables(body, parts)
    elif marker == _DQT:
        _check_quantisation_tables(body, parts)
    elif marker != _DRI or len(body) != 2:
        raise _damaged(f"segment {marker:#x} has no place in a grey image")
    parts.segments.append(_segment(marker, body))


def _frame_header(body: bytes, parts: _Parts) -> bytes:
    count = body[5] if len(body) > 5 else 0
    most = 3 if parts.process == SOF_LOSSLESS else 1
    if count not in (1, most) or len(body) != 6 + 3 * count:
        raise _damaged("frame header is not that of one component, or three without loss")
    parts.sizes = body[0], int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    # GDCM ends the process on lossless frames of less than 8 bits.
    allowed = {SOF_BASELINE: (8,), SOF_EXTENDED: (8, 12), SOF_LOSSLESS: range(8, 17)}[parts.process]
    if parts.sizes[0] not in allowed or not parts.sizes[1] or not parts.sizes[2]:
        raise _damaged("frame header gives no possible size or depth")
    parts.components = tuple((body[start], body[start + 2]) for start in range(6, len(body), 3))
    if count == 1:
        # A single component is not subsampled, whatever its factors say (A.2.2).
        return body[:7] + b"\x11" + body[8:9]
    if any(body[start + 1] != _NOT_SUBSAMPLED for start in range(6, len(body), 3)):
        raise _damaged("subsampled components")
    return body


def _check_huffman_tables(body: bytes, parts: _Parts) -> None:
    while body:
        table_class, destination = body[0] >> 4, body[0] & 15
        counts = body[1:17]
        total = sum(counts)
        symbols = body[17 : 17 + total]
        code_space = sum(count << (16 - length) for length, count in enumerate(counts, 1))
        largest = 16 if table_class == 0 else 255
        if len(counts) < 16 or len(symbols) < total or code_space > 65536 or not total:
            raise _damaged("Huffman table")
        if table_class > 1 or destination > 3 or max(symbols) > largest:
            raise _damaged("Huffman table")
        parts.huffman_tables.add((table_class, destination))
        body = body[17 + total :]


def _check_quantisation_tables(body: bytes, parts: _Parts) -> None:
    while body:
        wide, destination = body[0] >> 4, body[0] & 15
        length = 65 + 64 * wide
        if wide > 1 or destination > 3 or len(body) < length:
            raise _damaged("quantisation table")
        steps = body[1:length]
        if 0 in (steps if not wide else (steps[i] | steps[i + 1] for i in range(0, 128, 2))):
            raise _damaged("quantisation table")
        parts.quantisation_tables.add(destination)
        body = body[length:]


def _scan_header(body: bytes, parts: _Parts) -> bytes:
    count = len(parts.components)
    named = tuple(body[1 : 1 + 2 * count : 2])
    if not parts.process or len(body) != 4 + 2 * count or body[0] != count:
        raise _damaged("scan header")
    if named != tuple(identifier for identifier, _ in parts.components):
        raise _damaged("scan header")
    start, end, approximation = body[-3:]
    tables = {(0, table >> 4) for table in body[2 : 2 + 2 * count : 2]}
    if parts.process == SOF_LOSSLESS:
        fits = 1 <= start <= 7 and not end and approximation < parts.sizes[0]
    else:
        tables.add((1, body[2] & 15))
        # Some encoders leave the spectral selection 0; a sequential scan has but one (B.2.3).
        body = body[:3] + b"\x00\x3f\x00"
        fits = parts.components[0][1] in parts.quantisation_tables
    if not fits or not tables <= parts.huffman_tables:
        raise _damaged("scan header")
    return body


def _scan(frame: bytes, start: int) -> bytes:
    found = _MARKER_IN_SCAN.search(frame, start)
    if found is None:
        raise UndecodablePixels("The JPEG codestream is cut off before its end; send the image again.")
    if frame[found.end() - 1] != _EOI:
        raise _damaged("a marker inside the scan")
    return frame[start : found.start()]


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def _damaged(what: str) -> UndecodablePixels:
    return UndecodablePixels(f"The JPEG codestream is damaged ({what}); send the image again, uncompressed.")
