"""Everything in the films as they came by which somebody could be found: what an export must not hold."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from pydicom import Dataset
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword

from node.export.marks import BASIC, CLEAN_PIXELS, METHOD, OPTIONS, SIMULATED
from node.export.profile import is_standard, vocabulary, words_of
from node.export.treatments import LABELS
from node.export.vendors import VENDORS
from node.text import declared_charsets, decode_text
from pipeline.attributes import UNREADABLE
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

SHORTEST_BYTES = 8
"""Shorter values turn up among pixels by chance."""
_TEXT_VRS = frozenset(
    ("AE", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UN", "UR", "UT")
)
_DATE = re.compile(r"\d{4}\.?\d{2}\.?\d{2}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,64}(\.[0-9]{1,64})?")
_LARGE = re.compile(r"(?<![\d.])\d{7,}")
"""A number larger than measurements are."""
_WHOLE = frozenset(map(tag_for_keyword, ("PatientID", "OtherPatientIDs", "AccessionNumber")))
_SHORTEST_WORD, _SHORTEST_FOREIGN, _SHORTEST_NUMBER = 3, 2, 7
_LONGEST = 1 << 16


@dataclass(slots=True)
class Identifiers:
    """Of one film and what was drawn on it.

    Attributes
    ----------
    words
        Lower case, of at least three letters (two outside ASCII), or numbers of at least seven digits;
        without the words that an export itself writes.
    uids, dates
        As they stand in the film; dates as ``YYYYMMDD``.
    raw
        Values as encoded, at least eight bytes, that hold one of the words.
    whole
        Patient IDs and Accession Numbers of any length, as `names` compares them.
    """

    words: set[str] = field(default_factory=set, repr=False)
    uids: set[str] = field(default_factory=set, repr=False)
    dates: set[str] = field(default_factory=set, repr=False)
    raw: set[bytes] = field(default_factory=set, repr=False)
    whole: set[str] = field(default_factory=set, repr=False)

    def add_dataset(self, dataset: Dataset) -> None:
        """Gather from every element at every depth, File Meta too; nothing in it is taken for harmless."""
        if hasattr(dataset, "file_meta"):
            self.add_dataset(dataset.file_meta)
        for tag, vr, raw, text in _texts(dataset, ()):
            self._add(vr, raw, text)
            if tag in _WHOLE:
                self.whole |= set(map(_plain, text.split("\\"))) - {""}

    def add_text(self, text: str) -> None:
        """Gather from a text that stood in no Data Set."""
        self._add("LO", text.encode(), text)

    def names(self, value: str) -> bool:
        """Whether a value as a whole is a Patient ID or an Accession Number, however short; 007 is 7."""
        return _plain(value) in self.whole

    def _add(self, vr: str, raw: bytes, text: str) -> None:
        if vr == "UI":
            self.uids.update(uid for uid in text.split("\\") if uid and not _is_public(uid))
            return
        if vr in ("DA", "DT"):
            self.dates.update(day.replace(".", "") for day in _DATE.findall(text))
            return
        if vr in ("DS", "IS"):
            self.words.update(_LARGE.findall(text))
            return
        found = {word for word in words_of(text) if _tells(word)} - own_words()
        self.words |= found
        if found and len(raw) >= SHORTEST_BYTES:
            self.raw.add(raw.lower())


@cache
def own_words() -> frozenset[str]:
    """Give every word that an export writes of its own accord."""
    meanings = [code.meaning for code in (BASIC, CLEAN_PIXELS, *OPTIONS)]
    texts = (*METHOD, *meanings, SIMULATED, IMPLEMENTATION_VERSION_NAME, *VENDORS, *LABELS, "maker", "model")
    return vocabulary() | {word for text in texts for word in words_of(text)}


def _plain(value: str) -> str:
    value = value.strip(" \0").lower()
    return str(float(value)) if _DECIMAL.fullmatch(value) else value


def _is_public(uid: str) -> bool:
    return is_standard(uid) or uid == IMPLEMENTATION_CLASS_UID


def _tells(word: str) -> bool:
    if word.isdecimal():
        return len(word) >= _SHORTEST_NUMBER
    return len(word) >= (_SHORTEST_WORD if word.isascii() else _SHORTEST_FOREIGN)


def _texts(dataset: Dataset, charsets: Sequence[str]) -> Iterator[tuple[int, str, bytes, str]]:
    charsets = declared_charsets(dataset) or charsets
    for tag in list(dataset.keys()):
        element = dataset.get_item(tag)
        vr = element.VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
        if vr == "SQ" or (vr == "UN" and dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"):
            for item in _items(dataset, tag):
                yield from _texts(item, charsets)
        elif vr in _TEXT_VRS:
            raw = _raw(element.value)
            if len(raw) <= _LONGEST:
                yield int(tag), vr, raw, decode_text(raw, charsets)


def _items(dataset: Dataset, tag: int) -> Iterator[Dataset]:
    try:
        value = dataset[tag].value
    except UNREADABLE:
        return
    if isinstance(value, Sequence):
        yield from (item for item in value if isinstance(item, Dataset))


def _raw(value: object) -> bytes:
    if isinstance(value, bytes):
        return value.strip(b" \0")
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\\".join(map(str, value)).encode()
    return b"" if value is None else str(value).encode()
