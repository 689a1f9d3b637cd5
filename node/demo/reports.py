"""Reads the figures that the demonstration shows out of a Structured Report (TID 1500)."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydicom import Dataset

RDS, PROBABILITY, AREA, CONCLUSION = "46775006", "122157", "42798000", "121077"
SQUARE_MILLIMETRE, PIXELS = "mm2", "{pixels}"


@dataclass(frozen=True, slots=True)
class ReportSummary:
    """What a report says.

    Attributes
    ----------
    rds
        ``Present``, ``Absent`` or ``Undetermined``.
    probability
        In [0, 1]; None when undetermined.
    lung_area
        Both lungs with unit; empty without a mask.
    conclusion
        The report's own sentence.
    """

    rds: str
    probability: float | None
    lung_area: str
    conclusion: str


def summarise(report: Dataset) -> ReportSummary:
    """Take the conclusion out of a report of this node."""
    items = list(_walk(report))
    return ReportSummary(
        _code_meaning(items, RDS) or "not stated",
        _number(items, PROBABILITY),
        _lung_area(items),
        _text(items, CONCLUSION),
    )


def _walk(item: Dataset) -> Iterator[Dataset]:
    for child in item.get("ContentSequence", []):
        yield child
        yield from _walk(child)


def _concept(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence", [])
    return str(names[0].CodeValue) if names else ""


def _code_meaning(items: list[Dataset], concept: str) -> str | None:
    for item in items:
        if item.ValueType == "CODE" and _concept(item) == concept:
            return str(item.ConceptCodeSequence[0].CodeMeaning)
    return None


def _text(items: list[Dataset], concept: str) -> str:
    return next((str(i.TextValue) for i in items if i.ValueType == "TEXT" and _concept(i) == concept), "")


def _numbers(items: list[Dataset], concept: str) -> Iterator[tuple[float, str]]:
    for item in items:
        if item.ValueType == "NUM" and _concept(item) == concept:
            measured = item.MeasuredValueSequence[0]
            yield float(measured.NumericValue), str(measured.MeasurementUnitsCodeSequence[0].CodeValue)


def _number(items: list[Dataset], concept: str) -> float | None:
    return next((value for value, _ in _numbers(items, concept)), None)


def _lung_area(items: list[Dataset]) -> str:
    """Both lungs together are the largest area of the report."""
    areas = list(_numbers(items, AREA))
    for unit, text in ((SQUARE_MILLIMETRE, "mm2"), (PIXELS, "pixels")):
        found = [value for value, its_unit in areas if its_unit == unit]
        if found:
            return f"{max(found):.0f} {text}"
    return ""
