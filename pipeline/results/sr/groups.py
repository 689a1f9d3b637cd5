"""Measurement Groups of the report: the RDS classification, each lung, both lungs (TID 1501, TID 1410)."""

from collections.abc import Sequence

from pydicom import Dataset

from pipeline import codes
from pipeline.codes import Concept
from pipeline.results.equipment import algorithm_parameters
from pipeline.results.provenance import Provenance
from pipeline.results.seg import SEG, LungSegment
from pipeline.results.sr.tree import Relationship, code, container, image, number, text, uid_reference
from pipeline.results.wording import decimal_text
from pipeline.values import Analysis, BundleIdentity, Finding, ModelIdentity, Outcome, PixelSpacing, Reason

_CONTAINS, _MODIFIES = Relationship.CONTAINS, Relationship.HAS_CONCEPT_MOD


def rds_group(analysis: Analysis, provenance: Provenance) -> Dataset:
    """Make the group that says whether RDS is present, or why that is not known."""
    classifier, bundle = provenance.bundle.classifier, provenance.bundle
    parameters = list(algorithm_parameters(classifier, bundle))
    judged = []
    if analysis.finding:
        parameters.insert(0, f"decision_threshold={analysis.finding.threshold:g}")
        judged = [_probability(analysis.finding)]
    return container(
        codes.MEASUREMENT_GROUP,
        [
            *_tracking("RDS classification", provenance.uid("sr/tracking/rds")),
            code(_CONTAINS, codes.FINDING, codes.RDS),
            _site(codes.BILATERAL),
            *_algorithm(classifier, bundle, parameters),
            *judged,
            *_evaluations(analysis),
            _source_image(codes.SOURCE_OF_MEASUREMENT, provenance),
        ],
        template="1501",
    )


def lung_groups(segments: Sequence[LungSegment], analysis: Analysis, provenance: Provenance) -> list[Dataset]:
    """Make a group for each segment of the SEG, and one of their sum where there are two."""
    groups = [_lung_group(segment, analysis, provenance) for segment in segments]
    if analysis.lung_mask and len(segments) > 1:
        groups.append(_both_lungs_group(segments, analysis, provenance))
    return groups


def _lung_group(segment: LungSegment, analysis: Analysis, provenance: Provenance) -> Dataset:
    seg_uid = provenance.uid(SEG.name)
    return container(
        codes.MEASUREMENT_GROUP,
        [
            *_tracking(segment.label, provenance.uid(segment.tracking_kind)),
            code(_CONTAINS, codes.FINDING, codes.LUNG),
            _site(segment.laterality or codes.BILATERAL),
            *_segmenter(analysis, provenance),
            *_areas(int(segment.pixels.sum()), segment.pixels.size, _spacing(analysis)),
            image(
                codes.REFERENCED_SEGMENTATION_FRAME,
                SEG.sop_class_uid,
                seg_uid,
                segment_number=segment.number,
            ),
            _source_image(codes.SOURCE_IMAGE_FOR_SEGMENTATION, provenance),
        ],
        template="1410",
    )


def _both_lungs_group(segments: Sequence[LungSegment], analysis: Analysis, provenance: Provenance) -> Dataset:
    total = sum(int(segment.pixels.sum()) for segment in segments)
    return container(
        codes.MEASUREMENT_GROUP,
        [
            *_tracking("Both lungs", provenance.uid("sr/tracking/both lungs")),
            code(_CONTAINS, codes.FINDING, codes.LUNG),
            _site(codes.BILATERAL),
            *_segmenter(analysis, provenance),
            *_areas(total, segments[0].pixels.size, _spacing(analysis)),
            _source_image(codes.SOURCE_OF_MEASUREMENT, provenance),
        ],
        template="1501",
    )


def _tracking(identifier: str, uid: str) -> list[Dataset]:
    return [
        text(Relationship.HAS_OBS_CONTEXT, codes.TRACKING_IDENTIFIER, identifier),
        uid_reference(Relationship.HAS_OBS_CONTEXT, codes.TRACKING_UID, uid),
    ]


def _site(laterality: Concept) -> Dataset:
    return code(_MODIFIES, codes.FINDING_SITE, codes.LUNG, [code(_MODIFIES, codes.LATERALITY, laterality)])


def _segmenter(analysis: Analysis, provenance: Provenance) -> list[Dataset]:
    segmenter, bundle = provenance.bundle.segmenter, provenance.bundle
    parameters = list(algorithm_parameters(segmenter, bundle))
    if analysis.radiograph:
        parameters += analysis.radiograph.parameters
    spacing = _spacing(analysis)
    parameters.append(f"spacing={spacing.source if spacing else 'unknown'}")
    return _algorithm(segmenter, bundle, parameters)


def _algorithm(model: ModelIdentity, bundle: BundleIdentity, parameters: Sequence[str]) -> list[Dataset]:
    """Make the rows of TID 4019."""
    distinct = dict.fromkeys(parameters)
    return [
        text(_MODIFIES, codes.ALGORITHM_NAME, model.name),
        text(_MODIFIES, codes.ALGORITHM_VERSION, model.version),
        text(_MODIFIES, codes.ALGORITHM_MANUFACTURER, bundle.manufacturer),
        *(text(_MODIFIES, codes.ALGORITHM_PARAMETERS, parameter) for parameter in distinct),
        code(_MODIFIES, codes.ALGORITHM_FAMILY, codes.ARTIFICIAL_INTELLIGENCE),
    ]


def _probability(finding: Finding) -> Dataset:
    rounded = decimal_text(finding.probability, finding.threshold)
    return number(_CONTAINS, codes.PROBABILITY, rounded, codes.NO_UNITS, exact=finding.probability)


def _evaluations(analysis: Analysis) -> list[Dataset]:
    found = [
        code(_CONTAINS, codes.RDS, codes.DECISIONS[analysis.outcome]),
        code(_CONTAINS, codes.SUMMARY_OF_ANALYSES, codes.ANALYSIS_STATUS[analysis.outcome]),
    ]
    quality = _quality(analysis)
    if quality:
        found.append(code(_CONTAINS, codes.QUALITY_ASSESSMENT, quality))
    if analysis.outcome not in (Outcome.PRESENT, Outcome.ABSENT):
        reason = codes.QUALITY_FINDINGS[analysis.reason or Reason.OTHER]
        found.append(code(_CONTAINS, codes.QUALITY_FINDING, reason))
    return found


def _quality(analysis: Analysis) -> Concept | None:
    """Judge the film; None when it was this software that failed, which says nothing about the film."""
    if analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT):
        return codes.USABLE
    if analysis.outcome is Outcome.NOT_ELIGIBLE:
        return codes.USABLE_BELOW_STANDARD
    return None if analysis.reason is Reason.SOFTWARE_FAILURE else codes.UNUSABLE


def _areas(area_pixels: int, grid_pixels: int, spacing: PixelSpacing | None) -> list[Dataset]:
    areas = [number(_CONTAINS, codes.AREA, str(area_pixels), codes.PIXELS)]
    if spacing:
        area_mm2 = area_pixels * spacing.row_mm * spacing.column_mm
        areas.append(number(_CONTAINS, codes.AREA, f"{area_mm2:.2f}", codes.SQUARE_MILLIMETER))
    fraction = f"{area_pixels / grid_pixels:.5f}"
    areas.append(number(_CONTAINS, codes.LUNG_AREA_FRACTION, fraction, codes.NO_UNITS))
    return areas


def _spacing(analysis: Analysis) -> PixelSpacing | None:
    return analysis.radiograph.spacing if analysis.radiograph else None


def _source_image(concept: Concept, provenance: Provenance) -> Dataset:
    return image(concept, provenance.source.sop_class_uid, provenance.source.sop_instance_uid)
