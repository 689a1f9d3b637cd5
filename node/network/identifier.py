"""The Identifier of a C-FIND request as matches and keys (PS3.4 C.2.2, C.4.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.tag import BaseTag
from pydicom.uid import UID

from node.errors import IdentifierRefused
from node.network.contexts import PATIENT_ROOT_FIND
from node.network.matches import read_match
from node.network.status import FindStatus
from node.text import CHARACTER_SET, UNDECLARED, declared_charsets, read_text
from storage.matching import Level, Match, OneOf, Single
from storage.query import MATCHING_KEYS, SUPPORTED_KEYS

QUERY_LEVEL = 0x00080052
TIMEZONE = 0x00080201

ANSWERED_HERE = frozenset({CHARACTER_SET, QUERY_LEVEL})
"""Tags that describe the query or the response; they are no keys of the information model."""

UNIQUE_KEYS: Mapping[Level, str] = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}
_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class FindRequest:
    """What a peer asks for.

    Attributes
    ----------
    matches
        By keyword; keys to be returned whatever their value are not among them.
    keys
        Tag and VR of each element of the Identifier to be returned, in its order.
    charsets
        Defined terms of the request's Specific Character Set.
    is_partial
        Whether some optional key is not supported, for matching or for return.
    """

    level: Level
    matches: Mapping[str, Match]
    keys: tuple[tuple[BaseTag, str], ...]
    charsets: tuple[str, ...]
    is_partial: bool


def read_identifier(
    identifier: Dataset, sop_class_uid: UID, *, undeclared: Sequence[str] = UNDECLARED
) -> FindRequest:
    """Understand an Identifier.

    Parameters
    ----------
    sop_class_uid
        Patient Root or Study Root.
    undeclared
        Encodings to try for text that declares none.

    Raises
    ------
    IdentifierRefused
        With A900 when level or keys do not fit the information model: no or unknown level, a level above that
        lacks its unique key as a single value, a range or wildcard where none is allowed.
    """
    level = _read_level(identifier, sop_class_uid)
    charsets = declared_charsets(identifier)
    matches: dict[str, Match] = {}
    keys: list[tuple[BaseTag, str]] = []
    is_partial = False
    for tag in sorted(identifier.keys()):
        if tag in ANSWERED_HERE or tag.element == 0:
            continue
        keyword = keyword_for_tag(tag)
        keys.append((tag, _vr(identifier, tag)))
        if keyword not in SUPPORTED_KEYS[level]:
            is_partial = True
            continue
        text = read_text(identifier, tag, charsets, undeclared=undeclared) or ""
        if tag == TIMEZONE:
            # It says how the query's times are meant, which is not supported, and is no key to match.
            is_partial = is_partial or bool(text)
            continue
        match = read_match(keyword, text)
        if match is not None and keyword in MATCHING_KEYS[level]:
            matches[keyword] = match
        elif match is not None:
            is_partial = True
    _check_hierarchy(level, sop_class_uid, matches)
    return FindRequest(level, matches, tuple(keys), charsets, is_partial)


def _read_level(identifier: Dataset, sop_class_uid: UID) -> Level:
    text = (read_text(identifier, QUERY_LEVEL) or "").strip().upper()
    if not text:
        raise IdentifierRefused(FindStatus.IDENTIFIER_MISMATCH, "Query/Retrieve Level is missing")
    levels = _levels(sop_class_uid)
    if text not in levels:
        raise IdentifierRefused(
            FindStatus.IDENTIFIER_MISMATCH, f"Query/Retrieve Level must be one of {', '.join(levels)}"
        )
    return Level(text)


def _levels(sop_class_uid: UID) -> tuple[Level, ...]:
    return _LEVELS if sop_class_uid == PATIENT_ROOT_FIND else _LEVELS[1:]


def _check_hierarchy(level: Level, sop_class_uid: UID, matches: Mapping[str, Match]) -> None:
    """Hierarchical search needs one value of each unique key above the level (PS3.4 C.4.1.3.1.1)."""
    levels = _levels(sop_class_uid)
    for above in levels[: levels.index(level)]:
        keyword = UNIQUE_KEYS[above]
        if not isinstance(matches.get(keyword), Single):
            raise IdentifierRefused(
                FindStatus.IDENTIFIER_MISMATCH, f"{keyword} must be a single value at {level} level"
            )
    own = matches.get(UNIQUE_KEYS[level])
    if level is not Level.PATIENT and not isinstance(own, Single | OneOf | None):
        raise IdentifierRefused(FindStatus.IDENTIFIER_MISMATCH, f"{UNIQUE_KEYS[level]} must be UIDs")


def _vr(identifier: Dataset, tag: BaseTag) -> str:
    """Give the dictionary's VR, else the one that was sent, else UN."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return identifier.get_item(tag).VR or "UN"
