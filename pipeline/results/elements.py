"""Data Elements of result objects."""

import re

from pydicom import Dataset
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VM, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement

_LONGEST = {"AE": 16, "CS": 16, "LO": 64, "SH": 16, "ST": 1024}
"""Characters that a value may have (PS3.5 6.2)."""


def put(dataset: Dataset, keyword: str, value: object) -> None:
    """Set an attribute; text of our own that is too long for its Value Representation is cut."""
    put_verbatim(dataset, keyword, fit(keyword, value) if isinstance(value, str) else value)


def fit(keyword: str, text: str) -> str:
    """Cut the values of an attribute, which backslashes part, to what its Value Representation holds."""
    vr = dictionary_VR(keyword)
    if vr not in _LONGEST:
        return text
    is_single = dictionary_VM(keyword) == "1" and vr != "ST"
    values = tidy(text.replace("\\", "/") if is_single else text).split("\\")
    return "\\".join(value.strip()[: _LONGEST[vr]].rstrip() for value in values)


def put_verbatim(dataset: Dataset, keyword: str, value: object) -> None:
    """Set an attribute as it is, even if it breaks the rules of its Value Representation."""
    tag = tag_for_keyword(keyword)
    assert tag is not None, f"{keyword} is no DICOM keyword"
    dataset.add(DataElement(tag, dictionary_VR(tag), value, validation_mode=IGNORE))


def tidy(text: str) -> str:
    """Return text without control characters and without spaces around it."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
