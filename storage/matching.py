"""The kinds of attribute matching of C-FIND (PS3.4 C.2.2.2) as values, without any DICOM library."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Query/Retrieve Level (PS3.4 C.6)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


@dataclass(frozen=True, slots=True)
class Single:
    """Single value matching; person names are compared by their normalised form."""

    value: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """List of UID matching."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Wildcard matching: ``*`` any run of characters, ``?`` any one character."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Range:
    """Range matching of dates and times; None leaves that side open, both ends are included."""

    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """Fuzzy matching of person names: each word begins a word of the name, in any order and group."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """Sequence matching: some item of the sequence matches every key."""

    matches: "Mapping[str, Match]"


Match = Single | OneOf | Wildcard | Range | Words | Item
