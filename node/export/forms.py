"""Which values may stand in an exported object: a second look, apart from the code that made them."""

import re
from collections.abc import Callable, Mapping, Sequence

from pydicom import DataElement
from pydicom.datadict import tag_for_keyword
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from node.export.marks import BASIC, CLEAN_PIXELS, METHOD, OPTIONS, SIMULATED
from node.export.profile import Rule, Treatment, allowed_codes, is_standard, profile
from node.export.treatments import LABELS, strings
from node.export.vendors import VENDORS
from pipeline.film_classes import RADIOGRAPH_CLASSES
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_NUMBER = re.compile(r"-?[0-9]{1,6}(\.[0-9]{1,10})?(e[+-][0-9][0-9])?|")
_CODES = (*allowed_codes().values(), BASIC, CLEAN_PIXELS, *OPTIONS)
_WRITTEN: Mapping[str, frozenset[str]] = {
    "CodeValue": frozenset(code.value for code in _CODES),
    "CodingSchemeDesignator": frozenset(code.scheme_designator for code in _CODES),
    "CodeMeaning": frozenset(code.meaning for code in _CODES),
    "PatientIdentityRemoved": frozenset(("YES",)),
    "DeidentificationMethod": frozenset(METHOD),
    "LongitudinalTemporalInformationModified": frozenset(("MODIFIED",)),
    "ImageComments": frozenset((SIMULATED,)),
    "ImplementationVersionName": frozenset((IMPLEMENTATION_VERSION_NAME,)),
    "ImplementationClassUID": frozenset((IMPLEMENTATION_CLASS_UID,)),
    "TransferSyntaxUID": frozenset((ExplicitVRLittleEndian,)),
    "MediaStorageSOPClassUID": frozenset((*RADIOGRAPH_CLASSES, SegmentationStorage)),
}
"""Attributes that the export itself writes, with all that they may hold."""
_BINARY = (
    "FileMetaInformationGroupLength",
    "FileMetaInformationVersion",
    "DeidentificationMethodCodeSequence",
)
_UID = re.compile(r"(2\.25\.[0-9]{1,39})?")

_PATTERNS: Mapping[Treatment, re.Pattern[str]] = {
    Treatment.NUMBER: _NUMBER,
    Treatment.IMAGE: _NUMBER,
    Treatment.ORDINAL: re.compile(r"([1-9][0-9]{0,3})?"),
    Treatment.UID: _UID,
    Treatment.PATIENT: re.compile(r"P[0-9]{16}"),
    Treatment.MAKER: re.compile("|".join((r"maker-[0-9]{8}|", *VENDORS))),
    Treatment.MODEL: re.compile(r"(model-[0-9]{8})?"),
    Treatment.LABEL: re.compile("|".join(LABELS)),
    Treatment.DATE: re.compile(r"([0-9]{8}([0-9][0-9])?)?"),
    Treatment.TIME: re.compile(r"([0-9][0-9]0000)?"),
    Treatment.AGE: re.compile(r"([0-9]{3}[DWMY])?"),
    Treatment.EMPTY: re.compile(""),
}
_FREE = (Treatment.BYTES, Treatment.ITEMS, Treatment.CODE)
_NUMBERS = (Treatment.NUMBER, Treatment.IMAGE)
_BY_TAG = {tag_for_keyword(keyword): values for keyword, values in _WRITTEN.items()}
_BINARY_TAGS = frozenset(tag_for_keyword(keyword) for keyword in _BINARY)
_MEDIA_UID = 0x00020003


def is_of_form(element: DataElement) -> bool:
    """Whether an element is one that an export holds, with a value of the form that it may have there."""
    tag, values = int(element.tag), strings(element.value)
    if tag in _BINARY_TAGS:
        return True
    if tag == _MEDIA_UID:
        return _all(_UID.fullmatch, values)
    if tag in _BY_TAG:
        return set(values) <= _BY_TAG[tag]
    rule = profile().get(tag)
    return rule is not None and _fits(rule, element, values)


def _fits(rule: Rule, element: DataElement, values: Sequence[str]) -> bool:
    treatment = rule.treatment
    if treatment in _FREE or (treatment in _NUMBERS and element.VR not in ("DS", "IS")):
        return True
    if treatment in (Treatment.TERMS, Treatment.CONSTANT):
        return set(values) <= {*rule.terms, rule.otherwise, ""}
    if treatment is Treatment.STANDARD:
        return all(is_standard(value) for value in values if value)
    return _all(_PATTERNS[treatment].fullmatch, values)


def _all(test: Callable[[str], object], values: Sequence[str]) -> bool:
    return all(test(value) for value in values)
