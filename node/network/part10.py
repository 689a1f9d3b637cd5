"""The encoded Data Set of a request: its header read once, and the Part 10 file it becomes.

The bytes of the Data Set are never changed. The File Meta in front of them is ours and depends on nothing but
the Data Set, so that the same Data Set makes the same file whoever sends it.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from typing import IO, BinaryIO, cast

from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID

from node.errors import UnreadableDataSet
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_FIRST_PIXELS = 0x7FE00008
"""Float Pixel Data, the first of the elements that hold pixels."""
_MAX_INFLATED = 16 << 20
"""Bytes of a deflated Data Set that are looked at for its header."""
_JUNK = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What pydicom raises on bytes that are no Data Set."""


def read_header(encoded: bytes, transfer_syntax: UID, tags: Sequence[BaseTag] | None) -> Dataset:
    """Read the named elements in front of the pixels.

    Parameters
    ----------
    encoded
        A Data Set without File Meta.
    tags
        Top-level elements to keep, all others are skipped; None keeps all.

    Raises
    ------
    UnreadableDataSet
        If the bytes are no Data Set in this transfer syntax.
    """
    try:
        if transfer_syntax.is_deflated:
            encoded = zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded, _MAX_INFLATED)
        return read_dataset(
            BytesIO(encoded),
            is_implicit_VR=transfer_syntax.is_implicit_VR,
            is_little_endian=transfer_syntax.is_little_endian,
            stop_when=_at_pixels,
            specific_tags=None if tags is None else list(tags),
        )
    except _JUNK as error:
        raise UnreadableDataSet("the Data Set cannot be read") from error


def read_whole(encoded: bytes, transfer_syntax: UID) -> Dataset:
    """Read a small Data Set, as an Identifier, with every element.

    Raises
    ------
    UnreadableDataSet
        If the bytes are no Data Set in this transfer syntax.
    """
    try:
        return read_dataset(
            BytesIO(encoded),
            is_implicit_VR=transfer_syntax.is_implicit_VR,
            is_little_endian=transfer_syntax.is_little_endian,
        )
    except _JUNK as error:
        raise UnreadableDataSet("the Identifier cannot be read") from error


@dataclass(frozen=True, slots=True)
class FileParts:
    """A Part 10 file taken apart.

    Attributes
    ----------
    sop_class_uid, sop_instance_uid, transfer_syntax_uid
        As the File Meta says; empty when it does not.
    encoded
        The Data Set, in that transfer syntax.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    encoded: bytes


def split_file(file: IO[bytes]) -> FileParts:
    """Take the Data Set out of a Part 10 file, unchanged (PS3.10 7).

    Widespread clients leave out preamble and prefix; the File Meta alone is understood too.

    Parameters
    ----------
    file
        At its beginning. Of what it holds, only the Data Set is copied.

    Raises
    ------
    UnreadableDataSet
        If it is no such file, or its File Meta names no transfer syntax.
    """
    start = file.read(132)
    if start[128:] != b"DICM":
        if start[:2] != b"\2\0":
            raise UnreadableDataSet("the file is no DICOM file")
        file.seek(0)
    try:
        meta = read_dataset(
            cast(BinaryIO, file), is_implicit_VR=False, is_little_endian=True, stop_when=_behind_meta
        )
        sop_class, sop_instance, syntax = (
            str(meta.get(keyword) or "")
            for keyword in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
        )
    except _JUNK as error:
        raise UnreadableDataSet("the File Meta Information cannot be read") from error
    if not syntax:
        raise UnreadableDataSet("the File Meta Information names no transfer syntax")
    return FileParts(sop_class, sop_instance, syntax, _rest(file))


def _rest(file: IO[bytes]) -> bytes:
    """Read what is left; of a known size, for otherwise it would be put together from two copies."""
    start = file.tell()
    size = file.seek(0, SEEK_END) - start
    file.seek(start)
    return file.read(size)


def _behind_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag.group != 2


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return bool(tag >= _FIRST_PIXELS)


def file_meta(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Make preamble, prefix and File Meta Information (PS3.10 7.1), without who sent the object."""
    elements = b"".join(
        (
            _element(0x0001, b"OB", b"\0\1"),
            _element(0x0002, b"UI", sop_class_uid.encode("ascii")),
            _element(0x0003, b"UI", sop_instance_uid.encode("ascii")),
            _element(0x0010, b"UI", transfer_syntax_uid.encode("ascii")),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode("ascii")),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode("ascii")),
        )
    )
    length = _element(0x0000, b"UL", struct.pack("<L", len(elements)))
    return b"\0" * 128 + b"DICM" + length + elements


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    """Encode one element of group 0002, always Explicit VR Little Endian."""
    if len(value) % 2:
        value += b" " if vr == b"SH" else b"\0"
    if vr == b"OB":
        return struct.pack("<HH2sHL", 2, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value
