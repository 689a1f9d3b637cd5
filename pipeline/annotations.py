"""What a person says of a film in a Segmentation or a Structured Report: outlines, the finding, its grade.

Recognised are Segmentations in which a person drew (Segment Algorithm Type MANUAL or SEMIAUTOMATIC, PS3.3
C.8.20.4) a lung, and Structured Reports that say whether respiratory distress syndrome is present with a
Person as observer (TID 1003), or that a person has verified (PS3.3 C.17.2). What devices say of films is
none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydicom import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    Comprehensive3DSRStorage,
    ComprehensiveSRStorage,
    EnhancedSRStorage,
    SegmentationStorage,
)

from pipeline import codes as concepts
from pipeline.attributes import codes, integer, items, number, text

REPORT_CLASSES = frozenset(
    {BasicTextSRStorage, EnhancedSRStorage, ComprehensiveSRStorage, Comprehensive3DSRStorage}
)
LARGEST_GRADE = 4
_LUNGS = frozenset({("39607008", "SCT"), ("3341006", "SCT"), ("44029006", "SCT"), ("T-28000", "SRT")})
_BY_PERSON = frozenset({"MANUAL", "SEMIAUTOMATIC"})
_PRESENT = frozenset({("52101004", "SCT"), ("410515003", "SCT"), ("410605003", "SCT")})
"""Present, known present, confirmed present."""
_ABSENT = frozenset({("272519000", "SCT"), ("410516002", "SCT"), ("410594000", "SCT")})
"""Absent, known absent, definitely not present."""
_OBSERVER_TYPE, _PERSON, _PERSON_NAME = ("121005", "DCM"), ("121006", "DCM"), ("121008", "DCM")
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one person said of one film.

    Attributes
    ----------
    film
        SOP Instance UID of the film.
    has_lungs
        Whether the object holds an outline of its lungs.
    rds
        Whether the finding is present; None where nothing is said of it.
    grade
        1 to 4; 0 for none, None where nothing is said.
    author
        Name as the object has it; "" where it names nobody.
    said_at
        Local time of the object; None where it has none.
    """

    film: str
    has_lungs: bool = False
    rds: bool | None = None
    grade: int | None = None
    author: str = ""
    said_at: datetime | None = None


def read_annotations(dataset: Dataset) -> list[Annotation]:
    """Read what a person says in an object; empty for any other object. Never raises."""
    sop_class = text(dataset, "SOPClassUID")
    if sop_class == SegmentationStorage:
        return _in_segmentation(dataset)
    return _in_report(dataset) if sop_class in REPORT_CLASSES else []


def _in_segmentation(dataset: Dataset) -> list[Annotation]:
    segments = list(items(dataset, "SegmentSequence"))
    drawn = [segment for segment in segments if text(segment, "SegmentAlgorithmType") in _BY_PERSON]
    if not any(_is_lung(segment) for segment in drawn):
        return []
    films = {
        text(film, "ReferencedSOPInstanceUID")
        for series in items(dataset, "ReferencedSeriesSequence")
        for film in items(series, "ReferencedInstanceSequence")
    }
    author, said_at = text(dataset, "ContentCreatorName"), _moment(dataset)
    return [
        Annotation(film, has_lungs=True, author=author, said_at=said_at) for film in sorted(films) if film
    ]


def _is_lung(segment: Dataset) -> bool:
    coded = _LUNGS & set(codes(segment, "SegmentedPropertyTypeCodeSequence"))
    return bool(coded) or "lung" in text(segment, "SegmentLabel").lower()


def _in_report(dataset: Dataset) -> list[Annotation]:
    author = _author(dataset, list(_walk(dataset, 0)))
    if author is None:
        return []
    said_at = _verified_at(dataset) or _moment(dataset)
    found = []
    for group in (dataset, *_walk(dataset, 0)):
        said = list(items(group, "ContentSequence"))
        rds, grade = _finding(said), _grade(said)
        film = _only_film(dataset, group)
        if film and (rds is not None or grade is not None):
            is_present = bool(grade) if rds is None else rds
            found.append(
                Annotation(
                    film, rds=is_present, grade=grade if is_present else None, author=author, said_at=said_at
                )
            )
    return found


def _only_film(dataset: Dataset, group: Dataset) -> str:
    """Find the one film that a group of content items is about.

    It is the only one that the group refers to, else the only one of the whole document; "" where there are
    several, for nobody knows then which of them is meant.
    """
    for films in (_referred(_walk(group, 0)), _referred(_walk(dataset, 0)), _evidence(dataset)):
        if films:
            return next(iter(films)) if len(films) == 1 else ""
    return ""


def _walk(item: Dataset, depth: int) -> Iterator[Dataset]:
    """Give all content items below one, the item's children before theirs."""
    if depth < _DEEPEST:
        for child in items(item, "ContentSequence"):
            yield child
            yield from _walk(child, depth + 1)


def _author(dataset: Dataset, content: list[Dataset]) -> str | None:
    """Name the person who says it; None where only devices speak."""
    if text(dataset, "VerificationFlag") == "VERIFIED":
        for verifier in items(dataset, "VerifyingObserverSequence"):
            return text(verifier, "VerifyingObserverName")
    if any(_name(item) == _OBSERVER_TYPE and _value(item) == _PERSON for item in content):
        return next((text(item, "PersonName") for item in content if _name(item) == _PERSON_NAME), "")
    return None


def _finding(said: list[Dataset]) -> bool | None:
    """Whether the finding is present: the last thing that is said of it holds."""
    values = [_value(item) for item in said if _name(item) == (concepts.RDS.value, "SCT")]
    clear = [value in _PRESENT for value in values if value in _PRESENT | _ABSENT]
    return clear[-1] if clear else None


def _grade(said: list[Dataset]) -> int | None:
    wanted = (concepts.RDS_GRADE.value, concepts.OWN_SCHEME)
    for item in said:
        if _name(item) != wanted:
            continue
        measured = next(items(item, "MeasuredValueSequence"), None)
        value = number(measured, "NumericValue") if measured is not None else integer(item, "TextValue")
        if value is not None and value in range(LARGEST_GRADE + 1):
            return int(value)
    return None


def _referred(content: Iterable[Dataset]) -> set[str]:
    """Find the films that content items refer to; segmentations and reports are none."""
    return {_film(one) for item in content for one in items(item, "ReferencedSOPSequence")} - {""}


def _evidence(dataset: Dataset) -> set[str]:
    return {
        _film(reference)
        for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in items(dataset, keyword)
        for series in items(study, "ReferencedSeriesSequence")
        for reference in items(series, "ReferencedSOPSequence")
    } - {""}


def _film(reference: Dataset) -> str:
    is_other = text(reference, "ReferencedSOPClassUID") in REPORT_CLASSES | {SegmentationStorage}
    return "" if is_other else text(reference, "ReferencedSOPInstanceUID")


def _name(item: Dataset) -> tuple[str, str]:
    return next(codes(item, "ConceptNameCodeSequence"), ("", ""))


def _value(item: Dataset) -> tuple[str, str]:
    return next(codes(item, "ConceptCodeSequence"), ("", ""))


def _verified_at(dataset: Dataset) -> datetime | None:
    """Read when a person verified the report (PS3.3 C.17.2): what it says counts from then on."""
    for verifier in items(dataset, "VerifyingObserverSequence"):
        stated = text(verifier, "VerificationDateTime")
        try:
            return datetime.strptime(stated[:14].ljust(14, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time
        except ValueError:
            continue
    return None


def _moment(dataset: Dataset) -> datetime | None:
    day, time = text(dataset, "ContentDate"), text(dataset, "ContentTime")[:6].ljust(6, "0")
    try:
        return datetime.strptime(day + time, "%Y%m%d%H%M%S")  # noqa: DTZ007 - local time, as the object has it
    except ValueError:
        return None
