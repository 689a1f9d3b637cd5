"""multipart/related (RFC 2046, RFC 2387): taken apart while it comes in, put together while it goes out."""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from node.errors import WebRefused

MAX_HEADERS = 16384
"""Bytes of the headers of one part."""
MAX_PADDING = 256
"""Blanks that may follow a boundary in its line."""
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,199}[0-9A-Za-z'()+_,\-./:=?]")
_CRLF = b"\r\n"


@dataclass(frozen=True, slots=True)
class PartBegins:
    """Headers of a part, by name in small letters."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartData:
    """Some bytes of the part that began last."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The part that began last is complete."""


Event = PartBegins | PartData | PartEnds


class _State(Enum):
    PREAMBLE = auto()
    BOUNDARY = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartParser:
    """Takes a body apart, however its bytes are cut into pieces; keeps no more than a line and the headers.

    Raises
    ------
    WebRefused
        With 400, from every method, when the body is no well-formed multipart.
    """

    def __init__(self, boundary: str) -> None:
        # RFC 2046 allows 70 characters; longer ones are seen and do no harm.
        if not _BOUNDARY.fullmatch(boundary):
            raise WebRefused(400, "The Content-Type names no usable boundary.")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # The first boundary may stand at the very start, without a line break of its own.
        self._buffer = bytearray(_CRLF)
        self._state = _State.PREAMBLE
        self._is_in_part = False

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take the next bytes and give what they complete; take all events before feeding again."""
        self._buffer += data
        while True:
            before = self._state
            yield from self._step()
            if self._state is before:
                return

    def close(self) -> None:
        """Say that no more bytes come; refuse a body without its last boundary."""
        if self._state is not _State.EPILOGUE:
            raise WebRefused(400, "The multipart body ends before its last boundary.")

    def _step(self) -> Iterator[Event]:
        if self._state in (_State.PREAMBLE, _State.BODY):
            yield from self._to_boundary()
        elif self._state is _State.BOUNDARY:
            yield from self._after_boundary()
        elif self._state is _State.HEADERS:
            yield from self._read_headers()
        else:
            self._buffer.clear()

    def _to_boundary(self) -> Iterator[Event]:
        at = self._buffer.find(self._delimiter)
        # Short of a whole delimiter the end of the buffer may be the beginning of one.
        known = at if at >= 0 else max(0, len(self._buffer) - len(self._delimiter) + 1)
        if self._is_in_part and known:
            yield PartData(bytes(self._buffer[:known]))
        del self._buffer[:known]
        if at >= 0:
            del self._buffer[: len(self._delimiter)]
            self._state = _State.BOUNDARY

    def _after_boundary(self) -> Iterator[Event]:
        is_last = self._buffer[:2] == b"--"
        end = self._buffer.find(_CRLF)
        if not is_last and end < 0 and len(self._buffer) <= MAX_PADDING:
            return
        if not is_last and (end < 0 or self._buffer[:end].strip(b" \t")):
            raise WebRefused(400, "A boundary of the multipart body is followed by other text.")
        if self._is_in_part:
            yield PartEnds()
        self._is_in_part = False
        # The line break stays: without any header it is the one that ends them.
        del self._buffer[: max(0, end)]
        self._state = _State.EPILOGUE if is_last else _State.HEADERS

    def _read_headers(self) -> Iterator[Event]:
        end = self._buffer.find(_CRLF + _CRLF)
        if end > MAX_HEADERS or (end < 0 and len(self._buffer) > MAX_HEADERS):
            raise WebRefused(400, "The headers of a part are too long.")
        # A part may be empty, and the line break behind its headers already that of the next boundary.
        if end < 0 or len(self._buffer) < end + 2 + len(self._delimiter):
            return
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        is_empty = self._buffer.startswith(self._delimiter, end + 2)
        del self._buffer[: end + (2 if is_empty else 4)]
        yield PartBegins(_headers(lines))
        self._is_in_part = True
        self._state = _State.BODY


def _headers(lines: Iterable[str]) -> Mapping[str, str]:
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if line and not colon:
            raise WebRefused(400, "A header of a part has no colon.")
        if line:
            headers[name.strip().lower()] = value.strip()
    return headers


def make_boundary() -> str:
    """Give a boundary that is in no body."""
    return uuid.uuid4().hex


def part_head(boundary: str, content_type: str, location: str = "") -> bytes:
    """Give what stands before the bytes of one part."""
    lines = [f"--{boundary}", f"Content-Type: {content_type}"]
    if location:
        lines.append(f"Content-Location: {location}")
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def join_parts(boundary: str, parts: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield a body from the head and the bytes of each part, as they come."""
    for head, data in parts:
        yield head
        yield data
        yield _CRLF
    yield f"--{boundary}--\r\n".encode("ascii")
