"""The Identifier of a C-FIND request as matches and keys (PS3.4 C.2.2, C.4.1)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.tag import BaseTag
from pydicom.uid import UID

from node.errors import IdentifierRefused
from node.network.contexts import PATIENT_ROOT_FIND
from node.network.extended import BASELINE, QueryOptions
from node.network.matches import read_match
from node.network.status import FindStatus
from node.text import CHARACTER_SET, UNDECLARED, declared_charsets, read_text
from pipeline.attributes import UNREADABLE
from storage.matching import Item, Level, Match, OneOf, Single
from storage.query import MATCHING_KEYS, RELATIONAL_KEYS, SUPPORTED_KEYS
from storage.sequences import SEQUENCE_KEYS

QUERY_LEVEL = 0x00080052
TIMEZONE = 0x00080201

ANSWERED_HERE = frozenset({CHARACTER_SET, QUERY_LEVEL})
"""Tags that describe the query or the response; they are no keys of the information model."""

CONSTANT_KEYS = frozenset({"RetrieveAETitle", "InstanceAvailability"})
"""Keywords of what is the same for all that the node holds; they are returned, not matched."""

UNIQUE_KEYS: Mapping[Level, str] = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}
_LEVELS = tuple(Level)

Key = tuple[BaseTag, str]
"""Tag and VR of one element."""


@dataclass(frozen=True, slots=True)
class FindRequest:
    """What a peer asks for.

    Attributes
    ----------
    matches
        By keyword; keys to be returned whatever their value are not among them.
    keys
        Tag and VR of each element of the Identifier to be returned, in its order.
    item_keys
        For sequences of which only some attributes are asked for, by their tag.
    charsets
        Defined terms of the request's Specific Character Set.
    is_partial
        Whether some optional key is not supported, for matching or for return.
    """

    level: Level
    matches: Mapping[str, Match]
    keys: tuple[Key, ...]
    charsets: tuple[str, ...]
    is_partial: bool
    item_keys: Mapping[BaseTag, tuple[Key, ...]] = field(default_factory=dict)


def read_identifier(
    identifier: Dataset,
    sop_class_uid: UID,
    *,
    options: QueryOptions = BASELINE,
    undeclared: Sequence[str] = UNDECLARED,
) -> FindRequest:
    """Understand an Identifier.

    Parameters
    ----------
    sop_class_uid
        Patient Root or Study Root.
    options
        What the association agreed on.
    undeclared
        Encodings to try for text that declares none.

    Raises
    ------
    IdentifierRefused
        With A900 when level or keys do not fit the information model: no or unknown level, a level above that
        lacks its unique key as a single value, a range or wildcard where none is allowed.
    """
    level = _read_level(identifier, sop_class_uid)
    reader = _KeyReader(level, declared_charsets(identifier), options, undeclared)
    for tag in sorted(identifier.keys()):
        if tag not in ANSWERED_HERE and tag.element != 0:
            reader.read(identifier, tag)
    _check_unique_keys(level, sop_class_uid, reader.matches, options)
    return FindRequest(
        level, reader.matches, tuple(reader.keys), reader.charsets, reader.is_partial, reader.item_keys
    )


class _KeyReader:
    """Reads key after key of one Identifier."""

    def __init__(
        self, level: Level, charsets: tuple[str, ...], options: QueryOptions, undeclared: Sequence[str]
    ) -> None:
        self.charsets = charsets
        self.matches: dict[str, Match] = {}
        self.keys: list[Key] = []
        self.item_keys: dict[BaseTag, tuple[Key, ...]] = {}
        self.is_partial = False
        self._level = level
        self._undeclared = undeclared
        self._fuzzy_names = options.fuzzy_names
        self._matched = MATCHING_KEYS[level] | (RELATIONAL_KEYS[level] if options.relational else frozenset())

    def read(self, identifier: Dataset, tag: BaseTag) -> None:
        """Take one element for a key, to be returned and perhaps to be matched."""
        keyword = keyword_for_tag(tag)
        self.keys.append((tag, _vr(identifier, tag)))
        if keyword not in SUPPORTED_KEYS[self._level] | CONSTANT_KEYS:
            # Of the levels below: matched where relational queries are agreed on, but never returned.
            self.is_partial = True
        if keyword in SEQUENCE_KEYS[self._level]:
            self._read_sequence(identifier, tag, keyword)
        elif tag == TIMEZONE:
            # It says how the query's times are meant, which is not supported, and is no key to match.
            self.is_partial |= bool(self._text(identifier, tag))
        elif keyword in self._matched:
            match = self._match(identifier, tag, keyword)
            if match is not None:
                self.matches[keyword] = match
        else:
            self.is_partial |= keyword in SUPPORTED_KEYS[self._level] | CONSTANT_KEYS and bool(
                self._text(identifier, tag).strip("* ")
            )

    def _read_sequence(self, identifier: Dataset, tag: BaseTag, keyword: str) -> None:
        items = _items(identifier, tag, keyword)
        if not items:
            return
        (item,) = items
        kept = SEQUENCE_KEYS[self._level][keyword].keys
        tags = [inner for inner in sorted(item.keys()) if inner.element != 0 and inner != CHARACTER_SET]
        self.item_keys[tag] = tuple((inner, _vr(item, inner)) for inner in tags)
        matches: dict[str, Match] = {}
        for inner in tags:
            name = keyword_for_tag(inner)
            match = self._match(item, inner, name) if name in kept else None
            self.is_partial |= name not in kept
            if match is not None:
                matches[name] = match
        if matches:
            self.matches[keyword] = Item(matches)

    def _match(self, dataset: Dataset, tag: BaseTag, keyword: str) -> Match | None:
        return read_match(keyword, self._text(dataset, tag), fuzzy_names=self._fuzzy_names)

    def _text(self, dataset: Dataset, tag: BaseTag) -> str:
        charsets = declared_charsets(dataset) or self.charsets
        return read_text(dataset, tag, charsets, undeclared=self._undeclared) or ""


def _items(identifier: Dataset, tag: BaseTag, keyword: str) -> Collection[Dataset]:
    """Give the item of a sequence key, if there is one (PS3.4 C.2.2.2.6)."""
    try:
        items = identifier[tag].value or ()
        is_sequence = all(isinstance(item, Dataset) for item in items)
    except UNREADABLE:
        is_sequence = False
    if not is_sequence or len(items) > 1:
        raise IdentifierRefused(FindStatus.IDENTIFIER_MISMATCH, f"{keyword} must be a sequence of one item")
    return list(items)


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


def _check_unique_keys(
    level: Level, sop_class_uid: UID, matches: Mapping[str, Match], options: QueryOptions
) -> None:
    """Hierarchical search needs one value of each unique key above the level (PS3.4 C.4.1.3.1.1)."""
    levels = _levels(sop_class_uid)
    for above in levels[: 0 if options.relational else levels.index(level)]:
        keyword = UNIQUE_KEYS[above]
        if not isinstance(matches.get(keyword), Single):
            raise IdentifierRefused(
                FindStatus.IDENTIFIER_MISMATCH, f"{keyword} must be a single value at {level} level"
            )
    own = matches.get(UNIQUE_KEYS[level])
    if level is not Level.PATIENT and not isinstance(own, Single | OneOf | None):
        raise IdentifierRefused(FindStatus.IDENTIFIER_MISMATCH, f"{UNIQUE_KEYS[level]} must be UIDs")


def _vr(dataset: Dataset, tag: BaseTag) -> str:
    """Give the dictionary's VR, else the one that was sent, else UN."""
    try:
        return dictionary_VR(tag)
    except KeyError:
        return dataset.get_item(tag).VR or "UN"
