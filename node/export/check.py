"""Reads every file of an export back, and looks for whatever its films were known by."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from pydicom import DataElement, Dataset, dcmread
from pydicom.tag import Tag

from node.export.cleaner import Disguise
from node.export.folder import FILMS, MASKS
from node.export.forms import is_of_form
from node.export.identifiers import Identifiers
from node.export.profile import Treatment, profile, words_of
from node.export.treatments import shift_date, strings
from pipeline.attributes import UNREADABLE
from pipeline.results import to_part10

_PREAMBLE = bytes(128)
_FILE_NAME = re.compile(rf"({FILMS}|{MASKS})/P[0-9]{{16}}/2\.25\.[0-9]{{1,39}}\.dcm")
_REPLACED = (Treatment.UID, Treatment.PATIENT, Treatment.ORDINAL, Treatment.DATE, Treatment.TIME)
_NUMBERS = (Treatment.NUMBER, Treatment.IMAGE)


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that must not be there; it names the place and never the identifier.

    Attributes
    ----------
    place
        Attribute with its path, or part of the file.
    what
        What was found there.
    """

    file: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}, {self.place}: {self.what}"


class Examiner:
    """Knows the words and UIDs of all films of the export, and examines file by file.

    Parameters
    ----------
    everybody
        Of all films together.
    """

    def __init__(self, everybody: Iterable[Identifiers]) -> None:
        self._words: set[str] = set()
        self._uids: set[str] = set()
        for one in everybody:
            self._words |= {word for word in one.words if not word.isdecimal()}
            self._uids |= one.uids

    @property
    def identifiers(self) -> int:
        """How many different words and UIDs are searched for."""
        return len(self._words) + len(self._uids)

    def examine(self, folder: Path, relative: str, own: Identifiers, disguise: Disguise) -> Iterator[Hit]:
        """Examine one file of a film.

        Parameters
        ----------
        own
            Of this film: its dates, numbers and encoded values are searched for too.
        """
        for place, what in (*self._in_name(relative), *self._in_file(folder / relative, own, disguise)):
            yield Hit(relative, place, what)

    def _in_name(self, relative: str) -> Iterator[tuple[str, str]]:
        if not _FILE_NAME.fullmatch(relative):
            yield "file name", "a name that the export does not give"
        if Path(relative).stem in self._uids:
            yield "file name", "a UID of a film as it came"

    def _in_file(self, path: Path, own: Identifiers, disguise: Disguise) -> Iterator[tuple[str, str]]:
        part10 = path.read_bytes()
        try:
            dataset = dcmread(BytesIO(part10))
            encoded = to_part10(dataset)
        except UNREADABLE:
            yield "whole file", "it cannot be read back"
            return
        if encoded != part10 or not part10.startswith(_PREAMBLE):
            yield "whole file", "bytes that belong to no element"
        for where, element in (*_elements(dataset.file_meta), *_elements(dataset)):
            for what in self._in_element(element, own, disguise):
                yield where, what
        lower = part10.lower()
        if any(raw in lower for raw in own.raw):
            yield "raw bytes", "a value of the film as it came"

    def _in_element(self, element: DataElement, own: Identifiers, disguise: Disguise) -> Iterator[str]:
        if not is_of_form(element):
            yield "an attribute or a value that the profile does not allow"
        values = strings(element.value) if element.VR not in ("SQ", "OB", "OW") else []
        if self._uids.intersection(values):
            yield "a UID of a film as it came"
        if element.VR in ("DA", "DT"):
            expected = {shift_date(day, disguise.shift) for day in own.dates}
            if {value[:8] for value in values} & own.dates - expected:
                yield "a date of the film as it came"
        yield from self._in_values(_treatment(element), values, own)

    def _in_values(
        self, treatment: Treatment | None, values: Sequence[str], own: Identifiers
    ) -> Iterator[str]:
        if treatment not in (*_REPLACED, *_NUMBERS):
            words = {word for value in values for word in words_of(value)}
            if words & (self._words | own.words):
                yield "a word of a film as it came"
        # Other texts are of the export's own; what the image is read by may be the same as an ID by chance.
        if treatment is Treatment.NUMBER and any(map(own.names, values)):
            yield "an identifier of the film as it came"


def _treatment(element: DataElement) -> Treatment | None:
    """Give what became of an element; None for one that the profile does not name."""
    rule = profile().get(element.tag)
    if rule is None:
        return None
    is_binary = rule.treatment is Treatment.NUMBER and element.VR not in ("DS", "IS")
    return Treatment.IMAGE if is_binary else rule.treatment


def _elements(dataset: Dataset, path: str = "") -> Iterator[tuple[str, DataElement]]:
    for element in dataset:
        where = f"{path}{element.keyword or Tag(element.tag)}"
        yield where, element
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item, f"{where} > ")
