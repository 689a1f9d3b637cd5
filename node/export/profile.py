"""Which attributes an export keeps, and in what form: the table ``profile.csv``; all others are removed.

The table is an allow list made from the modules of CR, DX and SEG (PS3.3 A.2, A.26, A.51), so that an
attribute that nobody thought of is removed. It asks at least what PS3.15 Table E.1-1 asks under the options
named in `node.export.marks`; a test compares the two.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydicom.datadict import tag_for_keyword
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID

TABLE = Path(__file__).with_name("profile.csv")
_GROUPS = ("cid4009", "cid4010", "cid4011", "cid4031", "cid244", "cid7150", "cid7151", "cid7202", "cid7203")
"""Anatomy, views and modifiers, regions, laterality, kinds of segments, references, derivations."""
_FURTHER_CODES = (
    Code("51185008", "SCT", "Chest"),
    Code("43799004", "SCT", "Thoracic cavity"),
    Code("416550000", "SCT", "Chest and Abdomen"),
    Code("3341006", "SCT", "Right lung"),
    Code("44029006", "SCT", "Left lung"),
)
"""Of earlier editions of those groups; films are full of them."""


class Treatment(StrEnum):
    """What becomes of an attribute's value; what does not fit is emptied."""

    NUMBER = "number"
    """Kept as a number of at most six digits, unless it is the patient's ID or the Accession Number."""
    IMAGE = "image"
    """Kept as a number of at most six digits, by which the image is read or shown."""
    ORDINAL = "ordinal"
    """Replaced by a number of at most four digits; alike stays alike."""
    BYTES = "bytes"
    """Kept as samples of a table or of pixels."""
    TERMS = "terms"
    """Kept where it is one of the terms of the argument; ``else X`` replaces what is not."""
    STANDARD = "standard"
    """A UID that the standard registers (PS3.6 A)."""
    CODE = "code"
    """Codes of the standard's own context groups, with its meaning; the argument replaces others."""
    ITEMS = "items"
    """Items whose attributes are treated in their turn."""
    UID = "uid"
    """Replaced; alike stays alike."""
    PATIENT = "patient"
    """The replacement of the patient's identity."""
    MAKER = "maker"
    """A known vendor by name, any other replaced."""
    MODEL = "model"
    """Replaced; alike stays alike."""
    LABEL = "label"
    """Lungs, right or left lung, or a plain segment."""
    DATE = "date"
    """Shifted by the patient's days."""
    TIME = "time"
    """The hour."""
    AGE = "age"
    """In days, on the day of the film."""
    CONSTANT = "constant"
    """Replaced by the argument."""
    EMPTY = "empty"
    """Emptied."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one attribute is treated.

    Attributes
    ----------
    terms
        The values that may stay.
    otherwise
        What stands in for a value that may not; empty: nothing.
    """

    treatment: Treatment
    terms: frozenset[str] = frozenset()
    otherwise: str = ""


@cache
def profile() -> Mapping[int, Rule]:
    """Give the rules by tag."""
    with TABLE.open(encoding="ascii", newline="") as file:
        return {_tag(row["keyword"]): _rule(row["rule"], row["argument"]) for row in csv.DictReader(file)}


@cache
def allowed_codes() -> Mapping[Code, Code]:
    """Give the codes that may stay, each with the standard's own meaning."""
    of_groups = [code for group in _GROUPS for code in getattr(codes, group).concepts.values()]
    return {Code(code.value, code.scheme_designator, ""): code for code in (*of_groups, *_FURTHER_CODES)}


def find_code(value: str, scheme: str) -> Code | None:
    """Look a code up among those that may stay; SNOMED RT codes become their SNOMED CT equals."""
    if scheme != "SRT":
        return allowed_codes().get(Code(value, scheme, ""))
    return next((code for code in allowed_codes().values() if Code(value, scheme, "") == code), None)


def is_standard(uid: str) -> bool:
    """Whether the standard itself registers a UID (PS3.6 A)."""
    return bool(UID(uid).type)


def words_of(text: str) -> Iterator[str]:
    """Split a text into what a person would search for, in lower case."""
    return (word.lower() for word in re.findall(r"[^\W_]+", text))


@cache
def vocabulary() -> frozenset[str]:
    """Give every word that the profile itself writes; none of them comes from a film."""
    texts = [text for rule in profile().values() for text in (*rule.terms, rule.otherwise)]
    for code in allowed_codes().values():
        texts += [code.value, code.scheme_designator, code.meaning]
    return frozenset(word for text in texts for word in words_of(text))


def _tag(keyword: str) -> int:
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag


def _rule(treatment: str, argument: str) -> Rule:
    if treatment != Treatment.TERMS:
        return Rule(Treatment(treatment), otherwise=argument)
    terms, _, otherwise = argument.partition(" else ")
    return Rule(Treatment.TERMS, frozenset(filter(None, terms.split("|"))), otherwise)
