"""Measurement Groups of the report: the RDS classification, each lung, both lungs (TID 1501, TID 1410)."""

from collections.abc import Sequence

from highdicom.sr import (
    AlgorithmIdentification,
    FindingSite,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegmentationFrame,
    SourceImageForMeasurementGroup,
    SourceImageForSegmentation,
    TrackingIdentifier,
)
from pydicom.uid import SegmentationStorage

from pipeline import codes
from pipeline.results.models import model_parameters, report_algorithm
from pipeline.results.provenance import Provenance
from pipeline.results.quality import quality, quality_finding
from pipeline.results.seg import SEG
from pipeline.results.segments import LungSegment
from pipeline.results.wording import decimal_text
from pipeline.values import Analysis, Finding, PixelSpacing

Group = MeasurementsAndQualitativeEvaluations | PlanarROIMeasurementsAndQualitativeEvaluations


def rds_group(analysis: Analysis, provenance: Provenance) -> Group:
    """Make the group that says whether RDS is present, or why that is not known."""
    classifier, bundle, finding = provenance.bundle.classifier, provenance.bundle, analysis.finding
    parameters = model_parameters(classifier, bundle)
    if finding:
        parameters = (f"decision_threshold={finding.threshold:g}", *parameters)
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(provenance.uid("sr/tracking/rds"), "RDS classification"),
        finding_type=codes.RDS,
        finding_sites=[FindingSite(codes.LUNG, codes.BILATERAL)],
        algorithm_id=report_algorithm(classifier, bundle, parameters),
        measurements=[_probability(finding)] if finding else None,
        qualitative_evaluations=_evaluations(analysis),
        source_images=[_source_image(provenance)],
    )


def lung_groups(segments: Sequence[LungSegment], analysis: Analysis, provenance: Provenance) -> list[Group]:
    """Make a group for each segment of the SEG, and one of their sum where there are two."""
    groups: list[Group] = [_lung_group(segment, analysis, provenance) for segment in segments]
    if len(segments) > 1:
        groups.append(_both_lungs_group(segments, analysis, provenance))
    return groups


def _lung_group(segment: LungSegment, analysis: Analysis, provenance: Provenance) -> Group:
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(provenance.uid(segment.tracking_kind), segment.label),
        referenced_segment=_segment_reference(segment, provenance),
        finding_type=codes.LUNG,
        finding_sites=[FindingSite(codes.LUNG, segment.laterality or codes.BILATERAL)],
        algorithm_id=_segmenter(analysis, provenance),
        measurements=_areas(int(segment.pixels.sum()), segment.pixels.size, _spacing(analysis)),
    )


def _both_lungs_group(segments: Sequence[LungSegment], analysis: Analysis, provenance: Provenance) -> Group:
    total = sum(int(segment.pixels.sum()) for segment in segments)
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(provenance.uid("sr/tracking/both lungs"), "Both lungs"),
        finding_type=codes.LUNG,
        finding_sites=[FindingSite(codes.LUNG, codes.BILATERAL)],
        algorithm_id=_segmenter(analysis, provenance),
        measurements=_areas(total, segments[0].pixels.size, _spacing(analysis)),
        source_images=[_source_image(provenance)],
    )


def _segment_reference(segment: LungSegment, provenance: Provenance) -> ReferencedSegmentationFrame:
    """Refer to the segment as a whole: a reference names frames or segments, never both (PS3.3 10.3)."""
    source = provenance.source
    film = SourceImageForSegmentation(source.sop_class_uid, source.sop_instance_uid)
    film.ConceptNameCodeSequence[0].CodeMeaning = "Source image for segmentation"
    reference = ReferencedSegmentationFrame(
        SegmentationStorage, provenance.uid(SEG.name), segment.number, segment.number, film
    )
    del reference[0].ReferencedSOPSequence[0].ReferencedFrameNumber
    return reference


def _source_image(provenance: Provenance) -> SourceImageForMeasurementGroup:
    source = provenance.source
    return SourceImageForMeasurementGroup(source.sop_class_uid, source.sop_instance_uid)


def _segmenter(analysis: Analysis, provenance: Provenance) -> AlgorithmIdentification:
    segmenter, bundle, spacing = provenance.bundle.segmenter, provenance.bundle, _spacing(analysis)
    grey_scale = analysis.radiograph.parameters if analysis.radiograph else ()
    measured = f"spacing={spacing.source if spacing else 'unknown'}"
    return report_algorithm(segmenter, bundle, (*model_parameters(segmenter, bundle), *grey_scale, measured))


def _probability(finding: Finding) -> Measurement:
    """Make the NUM with the exact value, and for reading a rounded one on the same side of the threshold."""
    measurement = Measurement(codes.PROBABILITY, float(finding.probability), codes.NO_UNITS)
    rounded = decimal_text(finding.probability, finding.threshold)
    measurement[0].MeasuredValueSequence[0].NumericValue = rounded
    return measurement


def _evaluations(analysis: Analysis) -> list[QualitativeEvaluation]:
    found = [
        QualitativeEvaluation(codes.RDS, codes.DECISIONS[analysis.outcome]),
        QualitativeEvaluation(codes.SUMMARY_OF_ANALYSES, codes.ANALYSIS_STATUS[analysis.outcome]),
    ]
    assessment, finding = quality(analysis), quality_finding(analysis)
    if assessment:
        found.append(QualitativeEvaluation(codes.QUALITY_ASSESSMENT, assessment))
    if finding:
        found.append(QualitativeEvaluation(codes.QUALITY_FINDING, finding))
    return found


def _areas(area_pixels: int, grid_pixels: int, spacing: PixelSpacing | None) -> list[Measurement]:
    areas = [Measurement(codes.AREA, area_pixels, codes.PIXELS)]
    if spacing:
        area_mm2 = round(area_pixels * spacing.row_mm * spacing.column_mm, 2)
        areas.append(Measurement(codes.AREA, area_mm2, codes.SQUARE_MILLIMETER))
    fraction = round(area_pixels / grid_pixels, 5)
    areas.append(Measurement(codes.LUNG_AREA_FRACTION, fraction, codes.NO_UNITS))
    return areas


def _spacing(analysis: Analysis) -> PixelSpacing | None:
    return analysis.radiograph.spacing if analysis.radiograph else None
