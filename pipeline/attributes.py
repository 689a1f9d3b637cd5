"""Read single attributes of a Data Set that anybody may have written: never an exception, only "not there".

pydicom converts an element when it is first looked at, so a damaged value raises where it is read. Every
header that the pipeline judges is read through these functions.
"""

import math
import struct
from collections.abc import Iterator

from pydicom import DataElement, Dataset, Sequence
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue

UNREADABLE = (
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    AttributeError,
    NotImplementedError,
    EOFError,
    RecursionError,
    OSError,
    struct.error,
    BytesLengthException,
)
"""What pydicom raises on values that break their VR."""


def _get(dataset: Dataset, attribute: str | int) -> object:
    """Look an attribute up by keyword or tag; pydicom gives the element, not its value, for a tag."""
    found = dataset.get(attribute)
    return found.value if isinstance(found, DataElement) else found


def _values(dataset: Dataset, attribute: str | int) -> list[object]:
    try:
        value = _get(dataset, attribute)
    except UNREADABLE:
        return []
    if value is None or value == "" or value == b"":
        return []
    return list(value) if isinstance(value, MultiValue | list | tuple) else [value]


def texts(dataset: Dataset, attribute: str | int) -> tuple[str, ...]:
    """Return every value as stripped text; empty when the attribute is absent, empty or damaged."""
    return tuple(_text(value) for value in _values(dataset, attribute))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("ascii", "replace").strip(" \0")
    return str(value).strip(" \0")


def text(dataset: Dataset, keyword: str) -> str:
    """Return the first value as stripped text, or ``""``."""
    found = texts(dataset, keyword)
    return found[0] if found else ""


def numbers(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """Return every value as a finite number; empty when one of them is none."""
    try:
        found = tuple(float(_text(value)) for value in _values(dataset, keyword))
    except UNREADABLE:
        return ()
    return found if all(math.isfinite(number) for number in found) else ()


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return the first value as a finite number, or None."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return the only value as a whole number, or None."""
    found = numbers(dataset, keyword)
    return int(found[0]) if len(found) == 1 and found[0].is_integer() else None


def items(dataset: Dataset, attribute: str | int) -> Iterator[Dataset]:
    """Yield the items of a sequence; none when it is absent or no sequence."""
    try:
        found = _get(dataset, attribute)
        for item in found if isinstance(found, Sequence) else ():
            if isinstance(item, Dataset):
                yield item
    except UNREADABLE:
        return


def codes(dataset: Dataset, keyword: str) -> Iterator[tuple[str, str]]:
    """Yield ``(code value, coding scheme)`` of every item of a code sequence."""
    for item in items(dataset, keyword):
        yield text(item, "CodeValue"), text(item, "CodingSchemeDesignator")


def raw_bytes(dataset: Dataset, keyword: str) -> bytes | None:
    """Return the value of an OB, OW or UN attribute as it stands, or None when there is none."""
    try:
        value = dataset.get(keyword)
    except UNREADABLE:
        return None
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) and len(value) else None
