"""The value of one matching key, by its VR (PS3.4 C.2.2.2)."""

import re

from pydicom.datadict import dictionary_VR, tag_for_keyword

from node.errors import IdentifierRefused
from node.network.status import FindStatus
from storage.matching import Match, OneOf, Range, Single, Wildcard, Words

WILDCARD_VRS = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
"""VRs in which ``*`` and ``?`` are wildcards; anywhere else they are refused."""

NUMBER_VRS = frozenset({"IS", "SL", "SS", "UL", "US"})
LONGEST_PATTERN = 256
"""Characters of a wildcard pattern; a longer one costs more than it can mean."""

_NAME_DELIMITERS = re.compile(r"[\^=,.]")
_DATE = re.compile(r"[0-9]{8}")
_DOTTED_DATE = re.compile(r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})")
_TIME = re.compile(r"([01][0-9]|2[0-3])([0-5][0-9](([0-5][0-9]|60)(\.[0-9]{1,6})?)?)?")
_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,12}")
_COLON_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?")


def read_match(keyword: str, text: str, *, fuzzy_names: bool = False) -> Match | None:
    """Understand the value of a key.

    Parameters
    ----------
    keyword
        A keyword of the DICOM dictionary.
    text
        The value as Unicode, several values joined by a backslash.
    fuzzy_names
        Compare person names without wildcards word by word.

    Returns
    -------
    Match or None
        None for universal matching: no value, or ``*`` alone.

    Raises
    ------
    IdentifierRefused
        With A900 for a malformed date, time, number or range, or a wildcard where none is allowed.
    """
    vr = dictionary_VR(tag_for_keyword(keyword) or 0)
    text = text.strip()
    if not text.strip("*\\"):
        return None
    if vr in ("DA", "TM"):
        return _read_range(keyword, vr, text)
    if "\\" in text:
        return OneOf(tuple(part for value in text.split("\\") if (part := value.strip())))
    if "*" in text or "?" in text:
        return _read_wildcard(keyword, vr, text)
    if vr == "PN" and fuzzy_names:
        return _read_words(text)
    return Single(_number(keyword, text) if vr in NUMBER_VRS else text)


def _read_wildcard(keyword: str, vr: str, text: str) -> Wildcard:
    if vr not in WILDCARD_VRS:
        raise _refused(keyword, "takes no wildcards")
    if len(text) > LONGEST_PATTERN:
        raise _refused(keyword, "has too long a pattern")
    return Wildcard(text)


def _read_words(text: str) -> Words | None:
    words = tuple(_NAME_DELIMITERS.sub(" ", text).split())
    return Words(words) if words else None


def _read_range(keyword: str, vr: str, text: str) -> Match:
    """Understand ``a-b``, ``a-``, ``-b`` or one value; both ends are included."""
    low, hyphen, high = (part.strip() for part in text.partition("-"))
    if not hyphen:
        return Single(_moment(keyword, vr, low))
    if not low and not high:
        raise _refused(keyword, "has a range without ends")
    ends = [_moment(keyword, vr, end) if end else None for end in (low, high)]
    return Range(ends[0], ends[1])


def _moment(keyword: str, vr: str, text: str) -> str:
    """Check one date or time; the separators of ACR-NEMA 2.0 are understood (PS3.5 6.2)."""
    if vr == "DA":
        dotted = _DOTTED_DATE.fullmatch(text)
        text = "".join(dotted.groups()) if dotted else text
        if not _DATE.fullmatch(text):
            raise _refused(keyword, "is no date YYYYMMDD")
        return text
    colons = _COLON_TIME.fullmatch(text)
    text = "".join(part or "" for part in colons.groups()) if colons else text
    if not _TIME.fullmatch(text):
        raise _refused(keyword, "is no time HHMMSS")
    return text


def _number(keyword: str, text: str) -> str:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise _refused(keyword, "is no whole number")
    return str(int(text))


def _refused(keyword: str, why: str) -> IdentifierRefused:
    return IdentifierRefused(FindStatus.IDENTIFIER_MISMATCH, f"{keyword} {why}")
