"""Decodes the text of Data Sets to Unicode, whatever the sender declared or forgot to declare.

PS3.5 6.1 asks senders to name their character sets in Specific Character Set (0008,0005). Many name the wrong
one or none. Here the declared sets are tried first and strictly; then the usual habits; nothing raises.
"""

import re
from collections.abc import Sequence
from functools import cache

from pydicom import Dataset
from pydicom.charset import CODES_TO_ENCODINGS, handled_encodings, python_encoding
from pydicom.valuerep import PersonName

CHARACTER_SET = 0x00080005
UNDECLARED = ("utf-8", "cp949")
"""Tried in this order for text outside ASCII that its Data Set does not explain."""

MAX_TEXT_BYTES = 4096
"""Bytes of one text that are looked at; more is no name and no description."""

_ESCAPE = b"\x1b"
_ESCAPE_SEQUENCE = re.compile(rb"(\x1b(?:\$[()][A-D]|\$B|[()-][A-Z]))")
DEFAULT_REPERTOIRE = ("", "ISO_IR 6", "ISO 2022 IR 6")
"""Defined terms for ASCII alone."""


def declared_charsets(dataset: Dataset) -> tuple[str, ...]:
    """Give the defined terms of Specific Character Set; empty when there are none."""
    text = read_text(dataset, CHARACTER_SET) or ""
    terms = tuple(term.strip(" \0") for term in text.split("\\"))
    return terms if any(terms) else ()


def read_text(
    dataset: Dataset,
    tag: int,
    charsets: Sequence[str] = (),
    *,
    undeclared: Sequence[str] = UNDECLARED,
    longest: int = MAX_TEXT_BYTES,
) -> str | None:
    """Read one text element as Unicode, its values joined by a backslash.

    Parameters
    ----------
    charsets
        Defined terms of the Data Set's Specific Character Set.
    longest
        Bytes that are looked at.

    Returns
    -------
    str or None
        None when the element is absent.
    """
    if tag not in dataset:
        return None
    element = dataset.get_item(tag)
    value = element.value
    raw = _as_received(value)
    if raw is not None:
        return decode_text(raw[:longest], charsets, undeclared=undeclared)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\\".join(str(part) for part in value)
    return "" if value is None else str(value).rstrip(" \0")


def _as_received(value: object) -> bytes | None:
    """Give the bytes that came in; None for a value that was set or converted here."""
    if isinstance(value, PersonName):
        value = value.original_string
    return value if isinstance(value, bytes) else None


def decode_text(raw: bytes, charsets: Sequence[str] = (), *, undeclared: Sequence[str] = UNDECLARED) -> str:
    """Decode the bytes of one text element.

    Parameters
    ----------
    charsets
        Defined terms of Specific Character Set, as ``("", "ISO 2022 IR 149")``.
    undeclared
        Python names of the encodings to try when the declared sets do not fit.

    Returns
    -------
    str
        Unicode text without padding. Bytes that fit nothing are taken for Latin-1.
    """
    raw = raw.rstrip(b" \0")
    if raw.isascii() and _ESCAPE not in raw:
        return raw.decode("ascii")
    text = _decode_declared(raw, charsets or DEFAULT_REPERTOIRE[:1])
    if text is not None:
        return text
    texts = (_decode_strictly(raw, encoding) for encoding in undeclared)
    return next((text for text in texts if text is not None), raw.decode("latin-1"))


def _decode_declared(raw: bytes, charsets: Sequence[str]) -> str | None:
    """Decode as declared; None when the bytes do not fit the declaration."""
    if _ESCAPE in raw:
        return _decode_extended(raw, encoding_of(charsets[0]) or "latin-1")
    # Bytes above 127 that no escape sequence announces belong to the first set; where that is the default
    # repertoire, which has none, the sender meant one of the others.
    for term in charsets:
        encoding = None if term in DEFAULT_REPERTOIRE else encoding_of(term)
        text = _decode_strictly(raw, encoding) if encoding else None
        if text is not None:
            return text
    return None


def _decode_extended(raw: bytes, first: str) -> str | None:
    """Decode text with code extensions (PS3.5 6.1.2.5): each escape sequence selects a set until the next.

    A set that the sender forgot to select again after a delimiter stays selected.
    """
    head, *parts = _ESCAPE_SEQUENCE.split(raw)
    text = _decode_strictly(head, first)
    for code, part in zip(parts[::2], parts[1::2], strict=True):
        encoding = CODES_TO_ENCODINGS.get(code)
        if text is None or encoding is None:
            return None
        # Python's own stateful codecs want to see the escape sequence.
        piece = _decode_strictly(code + part if encoding in handled_encodings else part, encoding)
        text = None if piece is None else text + piece
    return text


@cache
def _encodings() -> dict[str, str]:
    """Map defined terms, without the punctuation that senders vary, to the names of Python's codecs."""
    return {_bare(term): str(name) for term, name in python_encoding.items()}


def encoding_of(term: str) -> str | None:
    """Give the Python codec of a defined term of Specific Character Set; None for an unknown one."""
    return _encodings().get(_bare(term))


def _bare(term: str) -> str:
    return "".join(character for character in term.upper() if character.isalnum())


def _decode_strictly(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def can_carry(text: str, charsets: Sequence[str]) -> bool:
    """Whether a Data Set with this Specific Character Set can hold the text without loss."""
    if text.isascii():
        return True
    encodings = [encoding_of(term) for term in charsets if term not in DEFAULT_REPERTOIRE]
    if not encodings or None in encodings:
        return False
    if charsets[0] in DEFAULT_REPERTOIRE and any("\x80" <= character <= "\xff" for character in text):
        # pydicom would take them for the upper half of the first set, which has none.
        return False
    return all(character.isascii() or _has(encodings, character) for character in text)


def _has(encodings: Sequence[str | None], character: str) -> bool:
    for encoding in encodings:
        try:
            character.encode(encoding or "ascii")
        except UnicodeError:
            continue
        return True
    return False
