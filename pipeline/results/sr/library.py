"""The film in the report's image library (TID 1600, 1602, 1603).

highdicom's own ImageLibrary refuses films without Patient Orientation or Imager Pixel Spacing; here each row
is made where its value is known.
"""

from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    ImageContentItem,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.sr.coding import Code

from pipeline import codes
from pipeline.results.header import Source
from pipeline.values import Analysis

_CONTAINS, _ACQUIRED = RelationshipTypeValues.CONTAINS, RelationshipTypeValues.HAS_ACQ_CONTEXT


def image_library(analysis: Analysis, source: Source) -> ContainerContentItem:
    """Describe the film: modality, size, and orientation and spacing where they are known."""
    film = ImageContentItem(
        codes.SOURCE, source.sop_class_uid, source.sop_instance_uid, relationship_type=_CONTAINS
    )
    film.ContentSequence = ContentSequence(_descriptors(analysis, source))
    group = ContainerContentItem(codes.IMAGE_LIBRARY_GROUP, relationship_type=_CONTAINS)
    group.ContentSequence = ContentSequence([film])
    library = ContainerContentItem(codes.IMAGE_LIBRARY, relationship_type=_CONTAINS)
    library.ContentSequence = ContentSequence([group])
    return library


def _descriptors(analysis: Analysis, source: Source) -> list[ContentItem]:
    modality = codes.MODALITIES.get(source.header.get("Modality", ""), codes.MODALITIES["OT"])
    rows: list[ContentItem] = [CodeContentItem(codes.MODALITY, modality, relationship_type=_ACQUIRED)]
    if source.shape:
        rows.append(_number(codes.PIXEL_DATA_ROWS, source.shape[0], codes.PIXELS))
        rows.append(_number(codes.PIXEL_DATA_COLUMNS, source.shape[1], codes.PIXELS))
    orientation = source.header.get("PatientOrientation")
    if orientation:
        names = (codes.PATIENT_ORIENTATION_ROW, codes.PATIENT_ORIENTATION_COLUMN)
        rows += [TextContentItem(*row, _ACQUIRED) for row in zip(names, orientation, strict=True)]
    spacing = analysis.radiograph.spacing if analysis.radiograph else None
    if spacing:
        rows.append(_number(codes.HORIZONTAL_PIXEL_SPACING, spacing.column_mm, codes.MILLIMETER))
        rows.append(_number(codes.VERTICAL_PIXEL_SPACING, spacing.row_mm, codes.MILLIMETER))
    return rows


def _number(name: Code, value: float, unit: Code) -> NumContentItem:
    return NumContentItem(name, value, unit, relationship_type=_ACQUIRED)
