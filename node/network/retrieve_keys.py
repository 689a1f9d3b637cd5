"""The Identifier of a C-MOVE or C-GET request: a level and unique keys (PS3.4 C.4.2.1.4, C.4.3.1.3)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.uid import UID

from node.errors import IdentifierRefused
from node.network.contexts import PATIENT_ROOT_GET, PATIENT_ROOT_MOVE
from node.network.status import RetrieveStatus
from node.text import declared_charsets, read_text
from storage.matching import Level
from storage.retrieval import UNIQUE_KEYS

_QUERY_LEVEL = 0x00080052
_LEVELS = tuple(Level)
_UID = re.compile(r"[0-9.]{1,64}")
_LONGEST = 1 << 20
"""Bytes of a list of UIDs that are looked at."""


@dataclass(frozen=True, slots=True)
class RetrieveRequest:
    """What a peer wants to have.

    Attributes
    ----------
    keys
        Values of unique keys by keyword: that of the level, and those of the levels above.
    """

    level: Level
    keys: Mapping[str, tuple[str, ...]]


def read_keys(identifier: Dataset, sop_class_uid: UID, *, relational: bool = False) -> RetrieveRequest:
    """Understand an Identifier; attributes that are no unique keys are ignored, as they select nothing.

    Parameters
    ----------
    relational
        Whether the unique keys of the levels above may be left out.

    Raises
    ------
    IdentifierRefused
        With A900 when level or keys do not fit the information model.
    """
    levels = _LEVELS if sop_class_uid in (PATIENT_ROOT_MOVE, PATIENT_ROOT_GET) else _LEVELS[1:]
    level = _read_level(identifier, levels)
    keys: dict[str, tuple[str, ...]] = {}
    for each in _LEVELS:
        keyword, values = UNIQUE_KEYS[each], _values(identifier, UNIQUE_KEYS[each])
        is_above = _LEVELS.index(each) < _LEVELS.index(level)
        if values:
            _check(keyword, values, is_list_allowed=each is level and level is not Level.PATIENT)
            keys[keyword] = values
        elif each is level or (is_above and each in levels and not relational):
            raise _mismatch(f"{keyword} is missing at {level} level")
        if values and not is_above and each is not level:
            raise _mismatch(f"{keyword} is below the {level} level")
    return RetrieveRequest(level, keys)


def _read_level(identifier: Dataset, levels: tuple[Level, ...]) -> Level:
    text = (read_text(identifier, _QUERY_LEVEL) or "").strip().upper()
    if text not in levels:
        raise _mismatch(f"Query/Retrieve Level must be one of {', '.join(levels)}")
    return Level(text)


def _values(identifier: Dataset, keyword: str) -> tuple[str, ...]:
    tag = tag_for_keyword(keyword) or 0
    text = read_text(identifier, tag, declared_charsets(identifier), longest=_LONGEST) or ""
    return tuple(value.strip(" \0") for value in text.split("\\")) if text.strip(" \0\\") else ()


def _check(keyword: str, values: tuple[str, ...], *, is_list_allowed: bool) -> None:
    if len(values) > 1 and not is_list_allowed:
        raise _mismatch(f"{keyword} must be a single value")
    if keyword == UNIQUE_KEYS[Level.PATIENT]:
        if set("*?").intersection(values[0]):
            raise _mismatch(f"{keyword} must not hold wildcards")
    elif not all(_UID.fullmatch(value) for value in values):
        raise _mismatch(f"{keyword} must be a UID" + (" or a list of them" if is_list_allowed else ""))


def _mismatch(comment: str) -> IdentifierRefused:
    return IdentifierRefused(RetrieveStatus.IDENTIFIER_MISMATCH, comment)
