"""Reading a report's content tree in tests."""

from collections.abc import Iterator
from typing import Any

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import Comprehensive3DSRStorage, EnhancedSRStorage

from pipeline import codes
from pipeline.results import SrClass, make_result_objects
from pipeline.values import Analysis
from tests.support.analyses import ORIGIN, SPACING

SR_CLASSES: dict[SrClass, str] = {
    "comprehensive-3d": Comprehensive3DSRStorage,
    "enhanced": EnhancedSRStorage,
}


def make_report(analysis: Analysis, **options: Any) -> Dataset:
    return make_result_objects(analysis, ORIGIN, overlay=False, **options).report


def items_of(dataset: Dataset) -> Iterator[Dataset]:
    yield dataset
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from items_of(item)


def name_of(item: Dataset) -> str | None:
    return item.ConceptNameCodeSequence[0].CodeValue if "ConceptNameCodeSequence" in item else None


def texts(report: Dataset, concept: Code) -> list[str]:
    return [
        item.TextValue for item in items_of(report) if name_of(item) == concept.value and "TextValue" in item
    ]


def coded_values(report: Dataset, concept: Code) -> list[str]:
    return [
        item.ConceptCodeSequence[0].CodeValue
        for item in items_of(report)
        if name_of(item) == concept.value and "ConceptCodeSequence" in item
    ]


def tracking_uid(report: Dataset, identifier: str) -> str | None:
    for group in report.content.get_image_measurement_groups():
        if group.tracking_identifier == identifier:
            return str(group.tracking_uid)
    return None


def measurements(group: Any) -> list[tuple[str, str, float]]:
    return [(item.name.value, item.unit.value, item.value) for item in group.get_measurements()]


def areas(count: int, grid: int) -> list[tuple[str, str, float]]:
    return [
        (codes.AREA.value, "{pixels}", float(count)),
        (codes.AREA.value, "mm2", round(count * SPACING.row_mm * SPACING.column_mm, 2)),
        (codes.LUNG_AREA_FRACTION.value, "1", round(count / grid, 5)),
    ]
