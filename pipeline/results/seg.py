"""Lung mask to Segmentation object: BINARY, one frame a lung, on the film's own grid (PS3.3 A.51)."""

from collections.abc import Sequence

import numpy as np
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from highdicom.sr import CodedConcept
from pydicom import Dataset

from pipeline import codes
from pipeline.results.elements import put, put_verbatim
from pipeline.results.equipment import MODEL_NAME
from pipeline.results.finish import finish
from pipeline.results.header import Source
from pipeline.results.models import model_equipment, segment_algorithm
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.results.segments import LungSegment
from pipeline.values import Radiograph

SEG = ObjectKind("seg", 9001, "AI lung segmentation (RESEARCH)")

_BLUE, _ORANGE = CIELabColor.from_rgb(0, 160, 255), CIELabColor.from_rgb(255, 160, 0)


def make_segmentation(
    segments: Sequence[LungSegment], radiograph: Radiograph | None, provenance: Provenance
) -> Dataset:
    """Make the SEG of one film.

    Parameters
    ----------
    segments
        As `lung_segments` gives them, at least one, all of one shape.
    radiograph
        Says whether the film was compressed with loss.

    Notes
    -----
    There is no Frame of Reference on a projection radiograph, therefore no Pixel Measures, Plane Position or
    Plane Orientation, but a Derivation Image in every frame (PS3.3 A.51.5.1).
    """
    bundle, labels = provenance.bundle, np.zeros(segments[0].pixels.shape, np.uint8)
    for segment in segments:
        np.copyto(labels, segment.number, where=segment.pixels)
    made = Segmentation(
        source_images=[_film(provenance.source, segments[0].pixels.shape, radiograph)],
        pixel_array=labels,
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(segment, provenance) for segment in segments],
        omit_empty_frames=False,
        content_label="LUNG_SEG",
        content_description="Automatic lung fields",
        content_creator_name=f"{MODEL_NAME}^",
        contributing_equipment=[model_equipment(bundle.segmenter, bundle, provenance.made_at_with_offset)],
        **provenance.identification(SEG),
    )
    _complete(made, provenance)
    return finish(made, provenance)


def _film(source: Source, shape: tuple[int, ...], radiograph: Radiograph | None) -> Dataset:
    film = source.stand_in()
    film.Rows, film.Columns = shape
    parameters = radiograph.parameters if radiograph else ()
    is_lossy = film.get("LossyImageCompression") == "01"
    is_lossy |= any(parameter.startswith("lossy") for parameter in parameters)
    film.LossyImageCompression = "01" if is_lossy else "00"
    return film


def _description(segment: LungSegment, provenance: Provenance) -> SegmentDescription:
    description = SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.label,
        segmented_property_category=codes.ANATOMICAL_STRUCTURE,
        segmented_property_type=codes.LUNG,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=segment_algorithm(provenance.bundle.segmenter, provenance.bundle),
        tracking_uid=provenance.uid(segment.tracking_kind),
        tracking_id=segment.label,
        display_color=_ORANGE if segment.laterality is codes.LEFT else _BLUE,
    )
    if segment.laterality:
        (kind,) = description.SegmentedPropertyTypeCodeSequence
        kind.SegmentedPropertyTypeModifierCodeSequence = [CodedConcept.from_code(segment.laterality)]
    return description


def _complete(made: Segmentation, provenance: Provenance) -> None:
    """Add what highdicom has no argument for; derive the UID it draws and the padding it spoils."""
    header = provenance.source.header
    put_verbatim(made, "PatientOrientation", header.get("PatientOrientation", ""))
    for keyword in ("BodyPartExamined", "RequestAttributesSequence"):
        if keyword in header:
            put_verbatim(made, keyword, header[keyword].value)
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        put(item, "DimensionOrganizationUID", provenance.uid("seg/dimensions"))
    used = -(-made.Rows * made.Columns * made.NumberOfFrames // 8)
    made.add_new("PixelData", "OB", made.PixelData[:used] + b"\0" * (used % 2))
