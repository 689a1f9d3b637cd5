"""The query of a search as matches and fields (PS3.18 8.3.4, 10.6.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom.datadict import dictionary_VR, keyword_for_tag, tag_for_keyword

from node.errors import IdentifierRefused, WebRefused
from node.network.matches import read_match
from storage.matching import Item, Level, Match, Single
from storage.query import MATCHING_KEYS, RELATIONAL_KEYS, SUPPORTED_KEYS
from storage.sequences import SEQUENCE_KEYS

ALL = "all"
LISTED_VRS = frozenset({"UI", "CS"})
"""VRs in whose values a comma can only separate them."""

_OPTIONS = frozenset({"limit", "offset", "fuzzymatching", "emptyvaluematching", "multiplevaluematching"})
"""The last two change nothing here: lists of values are always understood, empty values match everything."""
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
_TRUTH = {"true": True, "false": False, "1": True, "0": False, "": False}


@dataclass(slots=True)
class SearchRequest:
    """What a client searches for.

    Attributes
    ----------
    matches
        By keyword; what matches everything is not among them.
    fields
        Keywords to be given beside those that every answer has.
    ignored
        Attributes of the query that are neither matched nor given.
    limit
        None for as many as the node gives.
    """

    level: Level
    matches: dict[str, Match]
    fields: set[str] = field(default_factory=set)
    ignored: list[str] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    is_fuzzy: bool = False


def read_search(level: Level, keys: Mapping[str, str], query: tuple[tuple[str, str], ...]) -> SearchRequest:
    """Understand the query of a search.

    Parameters
    ----------
    keys
        Unique keys that the path names.

    Raises
    ------
    WebRefused
        With 400 for a name that is no attribute, a malformed value, or an attribute that is named twice.
    """
    request = SearchRequest(level, {keyword: Single(uid) for keyword, uid in keys.items()})
    attributes: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in query:
        option = name.lower()
        if option == "includefield":
            _include(request, value)
            continue
        if option in seen:
            raise WebRefused(400, "The query names the same parameter twice.")
        seen.add(option)
        if option in _OPTIONS:
            _set_option(request, option, value)
        else:
            attributes[_keyword(name)] = value
    for keyword, value in attributes.items():
        if keyword not in keys:
            _match(request, keyword, value)
    return request


def _set_option(request: SearchRequest, option: str, value: str) -> None:
    if option in ("limit", "offset"):
        setattr(request, option, _whole_number(option, value))
    elif option == "fuzzymatching":
        request.is_fuzzy = _truth(value)


def _include(request: SearchRequest, value: str) -> None:
    for name in value.split(","):
        if name.strip().lower() == ALL:
            request.fields |= SUPPORTED_KEYS[request.level]
        elif name.strip():
            request.fields.add(_keyword(name))


def _match(request: SearchRequest, keyword: str, value: str) -> None:
    """Take one attribute for a key; an attribute of a sequence's items stands behind a dot."""
    sequence, _, inner = keyword.partition(".")
    request.fields.add(sequence)
    indexed = SEQUENCE_KEYS[request.level].get(sequence)
    if indexed is not None and inner in indexed.keys:
        match = _read(inner, value, is_fuzzy=request.is_fuzzy)
        if match is not None:
            known = request.matches.get(sequence)
            others = known.matches if isinstance(known, Item) else {}
            request.matches[sequence] = Item({**others, inner: match})
        return
    if inner or keyword not in MATCHING_KEYS[request.level] | RELATIONAL_KEYS[request.level] or indexed:
        request.ignored.append(keyword or "a private attribute")
        return
    match = _read(keyword, value, is_fuzzy=request.is_fuzzy)
    if match is not None:
        request.matches[keyword] = match


def _read(keyword: str, value: str, *, is_fuzzy: bool) -> Match | None:
    if dictionary_VR(keyword) in LISTED_VRS:
        value = value.replace(",", "\\")
    try:
        return read_match(keyword, value, fuzzy_names=is_fuzzy)
    except IdentifierRefused as refusal:
        raise WebRefused(400, f"{refusal}.") from refusal


def _keyword(name: str) -> str:
    """Give the keyword of an attribute named by keyword or tag; of one in a sequence, with the whole path.

    Raises
    ------
    WebRefused
        With 400 when there is no such attribute; empty for a private one.
    """
    keywords = [_single_keyword(part.strip()) for part in name.split(".")]
    return ".".join(keywords) if all(keywords) else ""


def _single_keyword(name: str) -> str:
    if _TAG.fullmatch(name):
        return keyword_for_tag(int(name, 16))
    if not name or tag_for_keyword(name) is None:
        raise WebRefused(400, "The query names an attribute that is not in the data dictionary.")
    return name


def _whole_number(name: str, value: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(value):
        raise WebRefused(400, f"{name} is no whole number, 0 or more.")
    return int(value)


def _truth(value: str) -> bool:
    if value.lower() not in _TRUTH:
        raise WebRefused(400, "fuzzymatching is neither true nor false.")
    return _TRUTH[value.lower()]
