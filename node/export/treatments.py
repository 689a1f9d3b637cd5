"""The values that may stand in an export, made from those of a film; what is not understood is left out."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from pydicom import Dataset
from pydicom.sr.coding import Code

from node.export.profile import Rule, find_code, is_standard
from pipeline.attributes import UNREADABLE, items, text

_LARGEST = 999_999
_DIGITS = 6
_DATE = re.compile(r"([0-9]{4})\.?([0-9]{2})\.?([0-9]{2})")
_HOUR = re.compile(r"([01][0-9]|2[0-3])")
_AGE = re.compile(r"[0-9]{3}[DWMY]")
_LUNG = re.compile(r"lung|폐", re.IGNORECASE)
_LUNG_CODES = {"39607008", "3341006", "44029006", "T-28000"}
_SIDES = (
    ("Right lung", "right", {"24028007", "3341006"}),
    ("Left lung", "left", {"7771000", "44029006"}),
)
OTHER = "Segment"
LABELS = ("Lungs", "Right lung", "Left lung", OTHER)


def strings(value: object) -> list[str]:
    """Give the values of an element as stripped texts."""
    parts = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    return ["" if part is None else str(part).strip(" \0") for part in parts]


def keep_terms(values: Sequence[str], rule: Rule) -> list[str]:
    """Keep the terms, each at its place."""
    kept = [value if value in rule.terms else "" for value in values]
    while kept and not kept[-1]:
        kept.pop()
    return kept or ([rule.otherwise] if rule.otherwise else [])


def keep_numbers(values: Sequence[object], vr: str) -> list[object]:
    """Keep numbers; those written as text lose what is beyond six digits, where a number might hide.

    Returns
    -------
    list
        Empty unless every value is a number of the size that measurements have.
    """
    if vr not in ("DS", "IS"):
        return list(values) if all(isinstance(value, int | float) for value in values) else []
    try:
        numbers = [float(str(value)) for value in values]
    except ValueError:
        return []
    if not all(abs(number) <= _LARGEST for number in numbers):  # refuses NaN too
        return []
    if vr == "DS":
        return [f"{number:.{_DIGITS}g}" for number in numbers]
    return [str(int(number)) for number in numbers] if all(number.is_integer() for number in numbers) else []


def keep_standard(values: Sequence[str]) -> list[str]:
    """Keep UIDs that the standard itself registers."""
    return [value for value in values if is_standard(value)]


def shift_date(value: str, shift: timedelta) -> str:
    """Shift a DA, or a DT of which the hour stays; empty when it is no date."""
    found = _DATE.match(value)
    if found is None:
        return ""
    try:
        day = date(*map(int, found.groups())) + shift
    except (ValueError, OverflowError):
        return ""
    return f"{day:%Y%m%d}".rjust(8, "0") + keep_hour(value[found.end() :])[:2]


def keep_hour(value: str) -> str:
    """Keep the hour of a TM; empty when it has none."""
    found = _HOUR.match(value)
    return f"{found[1]}0000" if found else ""


def age_string(days: int | None, stated: str) -> str:
    """Write an age as AS (PS3.5 6.2); the one stated where the dates do not tell."""
    if days is None:
        return stated if _AGE.fullmatch(stated) else ""
    for size, unit in ((1, "D"), (7, "W"), (30, "M"), (365, "Y")):
        if days // size <= 999:
            return f"{days // size:03d}{unit}"
    return ""


def keep_code(item: Dataset) -> Code | None:
    """Keep a code of the standard's context groups."""
    try:
        return find_code(text(item, "CodeValue"), text(item, "CodingSchemeDesignator"))
    except UNREADABLE:
        return None


def segment_label(segment: Dataset) -> str:
    """Say in plain words what a segment is."""
    label, side = text(segment, "SegmentLabel").lower(), ""
    kinds = _codes(segment, "SegmentedPropertyTypeCodeSequence")
    for name, word, values in _SIDES:
        if kinds & values or word in label:
            side = name
    if not _LUNG.search(label) and not kinds & _LUNG_CODES:
        return OTHER
    return side or "Lungs"


def _codes(segment: Dataset, keyword: str) -> set[str]:
    kinds = list(items(segment, keyword))
    sides = [side for kind in kinds for side in items(kind, "SegmentedPropertyTypeModifierCodeSequence")]
    return {text(item, "CodeValue") for item in (*kinds, *sides)}
