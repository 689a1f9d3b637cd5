"""Text of received headers: declared, misspelled and undeclared character sets to Unicode, and back.

pydicom decodes what is declared rightly. Hospitals also send Korean without escape sequences, misspelled
Defined Terms, and UTF-8 or cp949 without declaring anything; here those are read too (PS3.5 6.1.2, PS3.3
C.12.1.1.2).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from pydicom import Dataset
from pydicom.charset import CODES_TO_ENCODINGS, custom_encoders, decode_bytes, python_encoding
from pydicom.dataelem import RawDataElement
from pydicom.multival import MultiValue
from pydicom.valuerep import PersonName

UTF_8 = "ISO_IR 192"

_ESCAPE = b"\x1b"
_DELIMITERS = set(b"^=\\\r\n\t\f")
_DEFAULT_REPERTOIRE = ("", "ISO_IR 6", "ISO 2022 IR 6")
_UNDECLARED = ("utf-8", "cp949", "latin-1")
"""Tried in this order for text that no declared character set explains; the last one takes anything."""

_SPELLINGS = MappingProxyType(
    {re.sub("[^A-Z0-9]", "", term): term for term in python_encoding if term}
    | dict.fromkeys(("UTF8", "UNICODE"), UTF_8)
    | dict.fromkeys(("ISO88591", "LATIN1"), "ISO_IR 100")
    | dict.fromkeys(("ISOIR149", "EUCKR", "KSC5601", "KSX1001", "CP949"), "ISO 2022 IR 149")
    | {"ISOIR87": "ISO 2022 IR 87", "ISOIR159": "ISO 2022 IR 159", "ISOIR58": "ISO 2022 IR 58"}
)


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """What Specific Character Set (0008,0005) of one Data Set says.

    Attributes
    ----------
    terms
        Defined Terms, spelling repaired; "" is the default repertoire. Empty when nothing usable is declared.
    """

    terms: tuple[str, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset, inherited: "CharacterSet | None" = None) -> "CharacterSet":
        """Read the declaration of a Data Set or of a Sequence item, which may inherit its parent's."""
        declared = _stored(dataset, "SpecificCharacterSet")
        if declared is None:
            return inherited or cls()
        text = declared.decode("ascii", "replace") if isinstance(declared, bytes) else declared
        terms = tuple(_SPELLINGS.get(re.sub("[^A-Z0-9]", "", term.upper()), "") for term in text.split("\\"))
        return cls(terms if any(terms) else ())

    @property
    def declaration(self) -> list[str]:
        """What to write into Specific Character Set: ASCII comes before what needs escape sequences."""
        needs_escapes = "".join(self.terms[:1]) in ("ISO 2022 IR 149", "ISO 2022 IR 87", "ISO 2022 IR 159")
        return ["", *self.terms] if needs_escapes else list(self.terms)

    def decode(self, raw: bytes) -> str:
        """Decode one value of any text Value Representation; never fails."""
        if _ESCAPE in raw:
            return decode_bytes(raw, self._codecs_with_escapes(raw), _DELIMITERS)
        declared = [python_encoding[term] for term in self.terms if term not in _DEFAULT_REPERTOIRE]
        for codec in ("ascii", *declared, *_UNDECLARED):
            try:
                return raw.decode(codec)
            except UnicodeDecodeError:
                continue
        raise AssertionError("latin-1 decodes every byte")

    def _codecs_with_escapes(self, raw: bytes) -> list[str]:
        codecs = [python_encoding[term] for term in self.terms] or [python_encoding[""]]
        announced = (codec for escape, codec in CODES_TO_ENCODINGS.items() if escape in raw)
        return list(dict.fromkeys((*codecs, *announced)))

    def can_encode(self, text: str) -> bool:
        """Say whether this character set has every character of a text."""
        codecs = [
            "ascii" if term in _DEFAULT_REPERTOIRE else python_encoding[term] for term in self.terms or ("",)
        ]
        return all(any(_has(codec, character) for codec in codecs) for character in set(text))


def _has(codec: str, character: str) -> bool:
    try:
        if codec in custom_encoders:
            custom_encoders[codec](character, errors="strict")
            return True
        # Python spells syllables that KS X 1001 lacks in eight bytes, which other software does not read.
        return len(character.encode(codec)) <= 2 or codec != "euc_kr"
    except UnicodeError:
        return False


def text_of(dataset: Dataset, keyword: str, character_set: CharacterSet) -> str:
    """Read an attribute as Unicode, without padding; "" when it is absent or empty.

    Several values stay joined by backslashes. Numbers and dates come as the text that was sent. What is
    declared wrongly can only be repaired while pydicom has not converted the element.
    """
    stored = _stored(dataset, keyword)
    if stored is None:
        return ""
    if isinstance(stored, bytes):
        stored = character_set.decode(stored)
    elif not stored.isascii() and "".join(character_set.terms[:1]) in _DEFAULT_REPERTOIRE:
        stored = _decode_again(stored, character_set)
    return stored.rstrip("\0 ")


def _decode_again(text: str, character_set: CharacterSet) -> str:
    """Repair what was already decoded with the default repertoire."""
    try:
        return character_set.decode(text.encode("latin-1"))
    except UnicodeEncodeError:
        return text


def _stored(dataset: Dataset, keyword: str) -> bytes | str | None:
    element = dataset.get_item(keyword)
    if element is None or element.value is None:
        return None
    if isinstance(element, RawDataElement):
        return element.value
    return _as_text(element.value)


def _as_text(value: object) -> bytes | str:
    if isinstance(value, PersonName):
        return value.original_string or str(value)
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(str(part) for part in value)
    original = getattr(value, "original_string", None)
    return value if isinstance(value, bytes) else str(original or value)


def texts_in(dataset: Dataset) -> Iterator[str]:
    """Yield every text that the character set of a Data Set must carry, items of Sequences included."""
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from texts_in(item)
        elif element.VR in ("LO", "LT", "PN", "SH", "ST", "UC", "UT"):
            yield str(element.value or "")
