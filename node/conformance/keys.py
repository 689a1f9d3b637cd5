"""Queries: keys of each level, kinds of matching, character sets."""

from collections.abc import Iterator, Mapping

from pydicom.charset import python_encoding
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import Tag

from node.conformance.markdown import code, table
from node.errors import IdentifierRefused
from node.network.identifier import CONSTANT_KEYS, UNIQUE_KEYS
from node.network.matches import LONGEST_PATTERN, NUMBER_VRS, WILDCARD_VRS, read_match
from storage.matching import Level, OneOf, Range, Single, Wildcard, Words
from storage.query import MATCHING_KEYS, SUPPORTED_KEYS
from storage.sequences import SEQUENCE_KEYS

_REQUIRED: Mapping[Level, frozenset[str]] = {
    Level.PATIENT: frozenset({"PatientName"}),
    Level.STUDY: frozenset({"StudyDate", "StudyTime", "AccessionNumber", "StudyID"}),
    Level.SERIES: frozenset({"Modality", "SeriesNumber"}),
    Level.IMAGE: frozenset({"InstanceNumber"}),
}
"""Keys of type R (PS3.4 C.6.1.1, C.6.2.1)."""
_KINDS = {Single: "single value", Range: "range", Wildcard: "wildcard", OneOf: "list", Words: "words"}
_SAMPLES = {
    "DA": ("20260131", "20260101-20260131"),
    "TM": ("101500", "1015-1016"),
    "UI": ("1.2", "1.2\\1.3"),
}
_TERMS = ("GB", "ISO_IR ", "ISO 2022 IR ")
"""How the defined terms of PS3.3 C.12.1.1.2 begin; pydicom knows misspelt ones too."""
_OTHERS = ("1", "1*", "1\\2")
_LEVELS = tuple(Level)


def query_keys() -> str:
    """List the keys of each level, in the order of their tags."""
    rows = [row for level in Level for row in _rows(level)]
    rows += [("every", keyword, _tag(keyword), dictionary_VR(keyword), "O", "-") for keyword in _constants()]
    return table(("level", "key", "tag", "VR", "type", "matching"), rows)


def _constants() -> list[str]:
    return sorted(CONSTANT_KEYS, key=_order)


def _rows(level: Level) -> Iterator[tuple[str, ...]]:
    above = frozenset().union(*(SUPPORTED_KEYS[each] for each in _LEVELS[: _LEVELS.index(level)]))
    for keyword in sorted(SUPPORTED_KEYS[level] - above - SEQUENCE_KEYS[level].keys(), key=_order):
        matched = ", ".join(_kinds(keyword)) if keyword in MATCHING_KEYS[level] else "-"
        yield level.value, keyword, _tag(keyword), dictionary_VR(keyword), _type(level, keyword), matched


def _type(level: Level, keyword: str) -> str:
    if keyword == UNIQUE_KEYS[level]:
        return "U"
    return "R" if keyword in _REQUIRED[level] else "O"


def _order(keyword: str) -> int:
    return tag_for_keyword(keyword) or 0


def _tag(keyword: str) -> str:
    return str(Tag(keyword)).replace(", ", ",")


def _kinds(keyword: str) -> Iterator[str]:
    """Name the kinds of matching that a key has, by asking the reader of keys."""
    vr = dictionary_VR(keyword)
    for fuzzy in (False, True) if vr == "PN" else (False,):
        for sample in _SAMPLES.get(vr, _OTHERS[:1] if fuzzy else _OTHERS):
            try:
                match = read_match(keyword, sample, fuzzy_names=fuzzy)
            except IdentifierRefused:
                continue
            yield _KINDS[type(match)]


def sequence_keys() -> str:
    """List the sequence keys and the attributes of their items."""
    rows = [
        (level.value, each.keyword, _tag(each.keyword), ", ".join(each.keys), each.source)
        for level in Level
        for each in SEQUENCE_KEYS[level].values()
    ]
    return table(("level", "key", "tag", "matched and returned of an item", "read from"), rows)


def matching() -> str:
    """Tell in which VRs wildcards stand, and what is compared as a number."""
    rows = [
        ("VRs in which `*` and `?` are wildcards", ", ".join(sorted(WILDCARD_VRS))),
        ("VRs that are compared as numbers", ", ".join(sorted(NUMBER_VRS))),
        ("Longest pattern", f"{LONGEST_PATTERN} characters"),
        ("Letter case", "counts, but in PN"),
    ]
    return table(("rule", "value"), rows)


def character_sets() -> str:
    """List the defined terms of Specific Character Set that are understood."""
    return ", ".join(code(term) for term in sorted(python_encoding) if term.startswith(_TERMS))
