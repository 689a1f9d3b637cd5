"""Data Sets in the DICOM JSON Model (PS3.18 Annex F): Unicode whatever their senders declared, no exceptions.

A value that its VR cannot hold is given as text where the model allows it (IS, DS), and left out elsewhere.
"""

import base64
import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.tag import BaseTag

from node.text import CHARACTER_SET, UNDECLARED, declared_charsets, read_text
from pipeline.attributes import UNREADABLE, integer, items

Element = dict[str, Any]
Model = dict[str, Element]
Path = tuple[int, ...]
"""Tag of an element; for one in a sequence: tag of the sequence, number of the item from 0, tag..."""

UNICODE = "ISO_IR 192"
INLINE_BYTES = 1024
"""Longest binary value that is sent in the model itself."""
LONGEST_TEXT = 1 << 20

ONE_TEXT_VRS = frozenset({"LT", "ST", "UR", "UT"})
"""Text in which a backslash is a character as any other."""
NUMBER_TEXT_VRS = frozenset({"IS", "DS"})
TEXT_VRS = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "PN", "SH", "TM", "UC", "UI"}) | (
    ONE_TEXT_VRS | NUMBER_TEXT_VRS
)
BINARY_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
FORMATS = {
    "FD": "d", "FL": "f", "SL": "i", "SS": "h", "SV": "q", "UL": "I", "US": "H", "UV": "Q", "AT": "H",
}  # fmt: skip
GROUPS = ("Alphabetic", "Ideographic", "Phonetic")

_FIRST_GROUP = 0x0008
_PIXEL_GROUP = 0x7FE0
_PADDING = 0xFFFCFFFC


@dataclass(frozen=True, slots=True)
class ModelMaker:
    """Makes the models of one instance.

    Attributes
    ----------
    undeclared
        Encodings to try for text that declares none.
    bulk_uri
        Gives the address of a binary value by its path; None leaves long values out.
    """

    undeclared: Sequence[str] = UNDECLARED
    bulk_uri: Callable[[Path], str] | None = None

    def make(self, dataset: Dataset) -> Model:
        """Make the model of a whole Data Set, without File Meta; it is always in Unicode."""
        model = self._make(dataset, (), ())
        model[f"{CHARACTER_SET:08X}"] = {"vr": "CS", "Value": [UNICODE]}
        return dict(sorted(model.items()))

    def _make(self, dataset: Dataset, charsets: Sequence[str], path: Path) -> Model:
        charsets = declared_charsets(dataset) or charsets
        model: Model = {}
        for tag in sorted(dataset.keys()):
            if tag.group < _FIRST_GROUP or tag.element == 0 or tag in (CHARACTER_SET, _PADDING):
                continue
            element = self._element(dataset, tag, charsets, path)
            if element is not None:
                model[f"{tag:08X}"] = element
        return model

    def _element(self, dataset: Dataset, tag: BaseTag, charsets: Sequence[str], path: Path) -> Element | None:
        try:
            vr = element_vr(dataset, tag)
            if vr == "SQ":
                found = enumerate(items(dataset, tag))
                return as_element(vr, [self._make(item, charsets, (*path, tag, n)) for n, item in found])
            if vr in TEXT_VRS:
                text = read_text(dataset, tag, charsets, undeclared=self.undeclared, longest=LONGEST_TEXT)
                return text_element(vr, text or "")
            if vr in BINARY_VRS:
                return self._binary(vr, dataset, tag, path)
            return as_element(vr, _numbers(vr, dataset.get_item(tag).value))
        except UNREADABLE:
            return None

    def _binary(self, vr: str, dataset: Dataset, tag: BaseTag, path: Path) -> Element | None:
        value = dataset.get_item(tag).value
        if not isinstance(value, bytes):
            value = dataset[tag].value
        if not value:
            return {"vr": vr}
        if tag.group != _PIXEL_GROUP and len(value) <= INLINE_BYTES:
            return {"vr": vr, "InlineBinary": base64.b64encode(value).decode("ascii")}
        if self.bulk_uri is None or (tag.group == _PIXEL_GROUP and path):
            return None
        return {"vr": vr, "BulkDataURI": self.bulk_uri((*path, tag))}


def element_vr(dataset: Dataset, tag: BaseTag) -> str:
    """Give the VR of an element: as sent, else the dictionary's; of several the one implied."""
    vr = dataset.get_item(tag).VR
    if vr in (None, "UN"):
        try:
            vr = dictionary_VR(tag)
        except KeyError:
            return "UN"
    vr = str(vr)
    if "OW" in vr:
        return "OW"
    if vr == "US or SS":
        return "SS" if integer(dataset, "PixelRepresentation") == 1 else "US"
    return vr


def text_element(vr: str, text: str) -> Element:
    """Make an element from text whose values are joined by backslashes."""
    if not text.strip():
        return {"vr": vr}
    if vr in ONE_TEXT_VRS:
        return as_element(vr, [text.rstrip()])
    values = [value.strip() for value in text.split("\\")]
    if vr == "PN":
        return as_element(vr, [person_name(value) if value else None for value in values])
    if vr in NUMBER_TEXT_VRS:
        return as_element(vr, [_number(vr, value) if value else None for value in values])
    return as_element(vr, [value or None for value in values])


def as_element(vr: str, values: Sequence[Any]) -> Element:
    """Make an element; without values it is empty (PS3.18 F.2.5)."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def person_name(text: str) -> dict[str, str]:
    """Take a name apart into its component groups; empty groups are left out.

    >>> person_name("Hong^Gildong=洪^吉洞=")
    {'Alphabetic': 'Hong^Gildong', 'Ideographic': '洪^吉洞'}
    """
    return {name: group for name, group in zip(GROUPS, text.split("="), strict=False) if group}


def child_models(model: Mapping[str, Element]) -> Iterator[Model]:
    """Yield the items of all sequences of a model."""
    for element in model.values():
        if element["vr"] == "SQ":
            yield from element.get("Value", ())


def _number(vr: str, text: str) -> int | float | str:
    try:
        number = int(text) if vr == "IS" else float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _numbers(vr: str, value: object) -> list[int | float | str]:
    if isinstance(value, bytes):
        kind = FORMATS[vr]
        count = len(value) // struct.calcsize(f"<{kind}")
        found: Sequence[Any] = struct.unpack_from(f"<{count}{kind}", value)
        if vr == "AT":
            return [
                f"{group:04X}{element:04X}" for group, element in zip(found[::2], found[1::2], strict=False)
            ]
    else:
        found = value if isinstance(value, Sequence) else [value] if value is not None else []
        if vr == "AT":
            return [f"{int(tag):08X}" for tag in found]
    # JSON has no numbers beyond the finite ones.
    return [number if math.isfinite(number) else str(number) for number in found]
