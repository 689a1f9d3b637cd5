"""DICOM attributes as the configuration names them, and the bounds that their values may have.

pydicom is loaded with the first tag, because most commands read a configuration that names none.
"""

import re
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from node.config.types import Allowed

TagPath = tuple[int, ...]
"""Tags from the outermost sequence to the attribute."""

_HEXADECIMAL = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_PIXELS = 0x7FE0
_NUMBERS = frozenset({"DS", "IS", "US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"})
_DAYS = {"D": 1, "W": 7, "M": 30, "Y": 365}
_READ_AS = {"DA": "a date as 20250131", "TM": "a time as 0730", "DT": "a date and time as 202501310730"}


def parse_tag(text: str) -> TagPath:
    """Read ``BodyPartExamined``, ``(0018,1400)`` or ``RequestAttributesSequence.RequestedProcedureID``.

    Raises
    ------
    ValueError
        If a part names no attribute of the header, or stands below an attribute that is no sequence.
    """
    path = tuple(_parse_part(part.strip()) for part in text.split("."))
    for tag in path[:-1]:
        if value_representation(tag) not in ("SQ", "UN"):
            raise ValueError(f"looks below ({tag >> 16:04X},{tag & 0xFFFF:04X}), which is no sequence")
    if any(tag >> 16 in (0x0000, 0x0002, _PIXELS) for tag in path):
        raise ValueError("is no attribute of the header that is stored with the film")
    return path


def _parse_part(part: str) -> int:
    from pydicom.datadict import keyword_dict

    found = _HEXADECIMAL.fullmatch(part)
    if found:
        return int(found[1] + found[2], 16)
    if part in keyword_dict:
        return keyword_dict[part]
    by_lower = {keyword.lower(): keyword for keyword in keyword_dict if keyword}
    close = get_close_matches(part.lower(), by_lower, n=1, cutoff=0.75)
    hint = f'; did you mean "{by_lower[close[0]]}"?' if close else ""
    raise ValueError(f"names no DICOM attribute{hint}")


def value_representation(tag: int) -> str:
    """Give the Value Representation of a tag; UN for one that is not in the dictionary."""
    from pydicom.datadict import dictionary_VR

    try:
        return dictionary_VR(tag)[:2]
    except KeyError:
        return "UN"


def comparable(tag: int, text: str) -> float | str | None:
    """Read a value so that it can be compared with a bound; None when it holds none.

    Returns
    -------
    float or str
        A number; an age in days (a month counts 30, a year 365); digits of a date or time.
    """
    vr, text = value_representation(tag), text.strip(" \0")
    if vr == "AS":
        age = re.fullmatch(r"(\d{1,3})([DWMY])", text.upper())
        return float(int(age[1]) * _DAYS[age[2]]) if age else None
    if vr in _READ_AS:
        local = re.sub(r"[+-]\d{4}$", "", text) if vr == "DT" else text
        digits = re.sub(r"[-/ :]", "", local)
        digits = digits.replace(".", "") if vr == "DA" else digits
        return digits if re.fullmatch(r"\d{2,}(\.\d+)?", digits) else None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def is_within(tag: int, text: str, low: str | None, high: str | None) -> bool:
    """Tell whether a value lies between two bounds, both allowed; a date bound stands for its whole day."""
    value = comparable(tag, text)
    if value is None:
        return False
    lowest, highest = (value if bound is None else comparable(tag, bound) for bound in (low, high))
    if isinstance(value, str):
        return str(lowest) <= value and value[: len(str(highest))] <= str(highest)
    return isinstance(lowest, float) and isinstance(highest, float) and lowest <= value <= highest


def check_bound(tag: str, *bounds: str | None) -> None:
    """Refuse bounds that the values of an attribute cannot be compared with.

    Raises
    ------
    ValueError
    """
    last = parse_tag(tag)[-1]
    vr = value_representation(last)
    given = [bound for bound in bounds if bound is not None]
    if given and vr not in (*_NUMBERS, *_READ_AS, "AS", "UN"):
        raise ValueError(f"{tag} holds neither numbers nor dates, times or ages; give values instead")
    for bound in given:
        if comparable(last, bound) is None:
            wanted = "an age as 028D" if vr == "AS" else _READ_AS.get(vr, "a number")
            raise ValueError(f"{tag} is compared with {wanted}, not with {bound}")


def _checked(text: str) -> str:
    parse_tag(text)
    return text


def _as_text(value: Any) -> Any:
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


TagName = Annotated[
    str, AfterValidator(_checked), Allowed('a DICOM keyword as "BodyPartExamined", or a tag as "(0018,0015)"')
]
Bound = Annotated[
    str,
    BeforeValidator(_as_text),
    Allowed('a number, a date as "20250131", a time as "0730", an age as "028D"'),
]
