"""Lung mask to Segmentation object: BINARY, one frame a lung, on the film's own grid (PS3.3 A.51)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.datadict import tag_for_keyword
from pydicom.uid import SegmentationStorage

from pipeline import codes
from pipeline.codes import Concept
from pipeline.results.elements import code_item, put, put_verbatim
from pipeline.results.equipment import (
    MODEL_NAME,
    acquisition_equipment,
    algorithm_identification,
    algorithm_parameters,
    model_equipment,
)
from pipeline.results.header import Source
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.values import LungMask, Radiograph

SEG = ObjectKind("seg", SegmentationStorage, "SEG", 9001, "AI lung segmentation (RESEARCH)")

_BLUE, _ORANGE = [41707, 32764, 18350], [48368, 39717, 53000]
"""CIELab values (PS3.3 C.10.7.1.1) of RGB 0,160,255 and 255,160,0."""


@dataclass(frozen=True, slots=True, eq=False)
class LungSegment:
    """One segment of the SEG.

    Attributes
    ----------
    number
        From 1.
    laterality
        None for one segment with both lungs, when the film does not tell its sides.
    pixels
        bool (rows, columns), at least one True.
    """

    number: int
    label: str
    laterality: Concept | None
    pixels: NDArray[np.bool_]

    @property
    def tracking_kind(self) -> str:
        """Kind of its Tracking UID, for `Provenance.uid`."""
        return f"seg/tracking/{self.label}"


def lung_segments(mask: LungMask) -> list[LungSegment]:
    """Split a lung mask into segments; lungs without a single pixel are left out.

    Returns
    -------
    list of LungSegment
        Right then left lung where the sides are known, else one segment; empty for an empty mask.
    """
    lungs: list[tuple[str, Concept | None, NDArray[np.bool_]]]
    if mask.labels is None:
        lungs = [("Lungs", None, mask.pixels)]
    else:
        lungs = [("Right lung", codes.RIGHT, mask.labels == 1), ("Left lung", codes.LEFT, mask.labels == 2)]
    found = [lung for lung in lungs if lung[2].any()]
    return [LungSegment(number, *lung) for number, lung in enumerate(found, start=1)]


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
    result = provenance.start_object(SEG)
    _add_references(result, provenance.source)
    _add_image(result, segments, provenance.source, radiograph)
    _add_segments(result, segments, provenance)
    _add_frames(result, len(segments), provenance)
    return provenance.finish_object(result)


def _add_references(result: Dataset, source: Source) -> None:
    referenced = Dataset()
    put(referenced, "SeriesInstanceUID", source.header.SeriesInstanceUID)
    referenced.ReferencedInstanceSequence = [_reference(source)]
    result.ReferencedSeriesSequence = [referenced]
    if "RequestAttributesSequence" in source.header:
        result.RequestAttributesSequence = source.header.RequestAttributesSequence
    if "BodyPartExamined" in source.header:
        put(result, "BodyPartExamined", source.header.BodyPartExamined)


def _reference(source: Source) -> Dataset:
    item = Dataset()
    put(item, "ReferencedSOPClassUID", source.sop_class_uid)
    put(item, "ReferencedSOPInstanceUID", source.sop_instance_uid)
    return item


def _add_image(
    result: Dataset, segments: Sequence[LungSegment], source: Source, radiograph: Radiograph | None
) -> None:
    result.ImageType = ["DERIVED", "PRIMARY"]
    put_verbatim(result, "PatientOrientation", source.header.get("PatientOrientation", ""))
    result.SamplesPerPixel = 1
    result.PhotometricInterpretation = "MONOCHROME2"
    result.NumberOfFrames = len(segments)
    result.Rows, result.Columns = segments[0].pixels.shape
    result.BitsAllocated = result.BitsStored = 1
    result.HighBit = result.PixelRepresentation = 0
    result.PresentationLUTShape = "IDENTITY"
    _add_lossy_history(result, source, radiograph)
    result.add_new("PixelData", "OB", pack_frames([segment.pixels for segment in segments]))


def _add_lossy_history(result: Dataset, source: Source, radiograph: Radiograph | None) -> None:
    parameters = radiograph.parameters if radiograph else ()
    is_lossy = source.header.get("LossyImageCompression") == "01"
    is_lossy |= any(parameter.startswith("lossy") for parameter in parameters)
    put(result, "LossyImageCompression", "01" if is_lossy else "00")
    for keyword in ("LossyImageCompressionRatio", "LossyImageCompressionMethod"):
        if is_lossy and keyword in source.header:
            put_verbatim(result, keyword, source.header[keyword].value)


def pack_frames(frames: Sequence[NDArray[np.bool_]]) -> bytes:
    """Pack frames of one bit a pixel, one right after the other without padding between (PS3.5 8.1.1)."""
    bits = np.concatenate([frame.reshape(-1) for frame in frames])
    packed = np.packbits(bits, bitorder="little").tobytes()
    return packed + b"\0" * (len(packed) % 2)


def _add_segments(result: Dataset, segments: Sequence[LungSegment], provenance: Provenance) -> None:
    bundle = provenance.bundle
    result.SegmentationType = "BINARY"
    result.SegmentsOverlap = "NO"
    result.ContentLabel = "LUNG_SEG"
    result.ContentDescription = "Automatic lung fields"
    result.ContentCreatorName = f"{MODEL_NAME}^"
    result.SegmentSequence = [_segment_item(segment, provenance) for segment in segments]
    result.ContributingEquipmentSequence = [
        *acquisition_equipment(provenance.source.header),
        model_equipment(bundle.segmenter, bundle, provenance.made_at_with_offset),
    ]


def _segment_item(segment: LungSegment, provenance: Provenance) -> Dataset:
    bundle = provenance.bundle
    kind = code_item(codes.LUNG)
    if segment.laterality:
        kind.SegmentedPropertyTypeModifierCodeSequence = [code_item(segment.laterality)]
    item = Dataset()
    item.SegmentNumber = segment.number
    put(item, "SegmentLabel", segment.label)
    item.SegmentedPropertyCategoryCodeSequence = [code_item(codes.ANATOMICAL_STRUCTURE)]
    item.SegmentedPropertyTypeCodeSequence = [kind]
    item.SegmentAlgorithmType = "AUTOMATIC"
    put(item, "SegmentAlgorithmName", bundle.segmenter.name)
    parameters = algorithm_parameters(bundle.segmenter, bundle)
    item.SegmentationAlgorithmIdentificationSequence = [
        algorithm_identification(bundle.segmenter, bundle, parameters)
    ]
    item.RecommendedDisplayCIELabValue = _ORANGE if segment.laterality == codes.LEFT else _BLUE
    put(item, "TrackingID", segment.label)
    put(item, "TrackingUID", provenance.uid(segment.tracking_kind))
    return item


def _add_frames(result: Dataset, number_of_frames: int, provenance: Provenance) -> None:
    organization = Dataset()
    put(organization, "DimensionOrganizationUID", provenance.uid("seg/dimensions"))
    index = Dataset()
    put(index, "DimensionOrganizationUID", provenance.uid("seg/dimensions"))
    index.DimensionIndexPointer = tag_for_keyword("ReferencedSegmentNumber")
    index.FunctionalGroupPointer = tag_for_keyword("SegmentIdentificationSequence")
    index.DimensionDescriptionLabel = "Referenced Segment Number"
    result.DimensionOrganizationSequence = [organization]
    result.DimensionIndexSequence = [index]
    result.SharedFunctionalGroupsSequence = [Dataset()]
    frames = ((provenance.source, number) for number in range(1, number_of_frames + 1))
    result.PerFrameFunctionalGroupsSequence = list(starmap(_frame_item, frames))


def _frame_item(source: Source, segment_number: int) -> Dataset:
    image = _reference(source)
    image.PurposeOfReferenceCodeSequence = [code_item(codes.SOURCE_IMAGE)]
    image.SpatialLocationsPreserved = "YES"
    derivation = Dataset()
    derivation.SourceImageSequence = [image]
    derivation.DerivationCodeSequence = [code_item(codes.SEGMENTATION)]
    content = Dataset()
    content.DimensionIndexValues = [segment_number]
    identification = Dataset()
    identification.ReferencedSegmentNumber = segment_number
    item = Dataset()
    item.DerivationImageSequence = [derivation]
    item.FrameContentSequence = [content]
    item.SegmentIdentificationSequence = [identification]
    return item
