"""Read a DICOM file that anybody may have sent."""

import zlib
from io import BytesIO
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from pipeline.attributes import UNREADABLE
from pipeline.errors import UndecodablePixels, UnsupportedInstance

MOST_BYTES = 256 * 1024 * 1024
HEADER_BYTES = 16 * 1024 * 1024
_PIXELS = 0x7FE00008
_STEP_BYTES = 16 * 1024 * 1024
_DEFLATED = DeflatedExplicitVRLittleEndian.encode()


def read_part10(source: Path | bytes, *, most_bytes: int = MOST_BYTES) -> Dataset:
    """Read a Part 10 file (PS3.10) whole.

    Parameters
    ----------
    source
        A path, or the bytes of the file.
    most_bytes
        Limit on the file, and on what a deflated Data Set grows to.

    Raises
    ------
    UnsupportedInstance
        If it is no DICOM file, or larger than the limit.
    UndecodablePixels
        If it is one but cut off or damaged.
    OSError
        If the file cannot be read at all.
    """
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > most_bytes:
        raise UnsupportedInstance(f"The file holds {size} bytes; at most {most_bytes} are read.")
    part10 = source if isinstance(source, bytes) else source.read_bytes()
    try:
        _check_deflated(part10, most_bytes)
        dataset = dcmread(BytesIO(part10))
    except InvalidDicomError as error:
        raise UnsupportedInstance("This is no DICOM file: it lacks the File Meta Information.") from error
    except (zlib.error, *UNREADABLE) as error:
        raise UndecodablePixels(f"The DICOM file is cut off or damaged ({error}); send it again.") from error
    if not len(dataset):  # what pydicom gives for encapsulated pixels without an end
        raise UndecodablePixels("The DICOM file is cut off or damaged; send it again.")
    return dataset


def read_film(source: Path | bytes) -> Dataset:
    """Read a film whole, or without its pixels when those are cut off, so that its report can say so.

    Raises
    ------
    UnsupportedInstance, UndecodablePixels, OSError
        As `read_part10`, when not even the header can be read.
    """
    try:
        return read_part10(source)
    except UndecodablePixels:
        header = _read_header(source)
        if header is None:
            raise
        return header


def read_in_front_of_pixels(part10: bytes) -> Dataset:
    """Read a Part 10 file up to its pixels; a deflated one is inflated for its first `HEADER_BYTES` only.

    Raises what pydicom does on bytes that are no such file, and ``zlib.error``.
    """
    deflated = _deflated_part(part10)
    if not deflated:
        return dcmread(BytesIO(part10), stop_before_pixels=True)
    head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, HEADER_BYTES)
    return read_dataset(
        BytesIO(head), is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, *_: tag >= _PIXELS
    )


def _read_header(source: Path | bytes) -> Dataset | None:
    part10 = source if isinstance(source, bytes) else source.read_bytes()
    try:
        header = read_in_front_of_pixels(part10)
    except (zlib.error, *UNREADABLE):
        return None
    return header if len(header) else None


def _deflated_part(part10: bytes) -> bytes:
    """Give the Data Set of a file in which it is deflated, still so; empty for any other."""
    if part10[128:136] != b"DICM\x02\x00\x00\x00":
        return b""
    meta_end = 144 + int.from_bytes(part10[140:144], "little")
    return part10[meta_end:] if _DEFLATED in part10[144:meta_end] else b""


def _check_deflated(part10: bytes, most_bytes: int) -> None:
    """Refuse a small file that inflates to a huge one, before it is inflated whole."""
    inflater, rest, inflated = zlib.decompressobj(-zlib.MAX_WBITS), _deflated_part(part10), 0
    while rest and not inflater.eof:
        inflated += len(inflater.decompress(rest, _STEP_BYTES))
        rest = inflater.unconsumed_tail
        if inflated > most_bytes:
            raise UnsupportedInstance(f"The deflated Data Set grows beyond {most_bytes} bytes.")
