"""The report: TID 1500 in a Comprehensive 3D SR or an Enhanced SR (PS3.3 A.35, C.17)."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal

from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage, EnhancedSRStorage

from pipeline import codes
from pipeline.results.elements import put, put_verbatim
from pipeline.results.equipment import MANUFACTURER, MODEL_NAME, acquisition_equipment, model_equipment
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.results.seg import SEG, LungSegment
from pipeline.results.sr.groups import lung_groups, rds_group
from pipeline.results.sr.tree import Relationship, code, container, image, number, text, uid_reference
from pipeline.results.wording import conclusion, criteria, disclaimer, unconfirmed
from pipeline.values import Analysis, Outcome

SrClass = Literal["comprehensive-3d", "enhanced"]
"""SOP Class of the report; the tree is the same."""

_DESCRIPTION = "AI RDS result (RESEARCH)"
KINDS = MappingProxyType(
    {
        "comprehensive-3d": ObjectKind(
            "sr/comprehensive-3d", Comprehensive3DSRStorage, "SR", 9002, _DESCRIPTION
        ),
        "enhanced": ObjectKind("sr/enhanced", EnhancedSRStorage, "SR", 9002, _DESCRIPTION),
    }
)

_REQUEST_TYPE_2 = (
    *("AccessionNumber", "RequestedProcedureID", "RequestedProcedureDescription"),
    *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
)


def make_report(
    analysis: Analysis, segments: Sequence[LungSegment], provenance: Provenance, sr_class: SrClass
) -> Dataset:
    """Make the report of one film, whatever the outcome.

    Parameters
    ----------
    segments
        Those of the SEG that goes with the report; empty when there is no SEG.
    """
    result = provenance.start_object(KINDS[sr_class])
    for element in _content(analysis, segments, provenance):
        if element.keyword != "RelationshipType":
            result.add(element)
    result.CompletionFlag = "COMPLETE"
    result.VerificationFlag = "UNVERIFIED"
    result.PreliminaryFlag = "PRELIMINARY"
    result.PerformedProcedureCodeSequence = []
    result.ReferencedPerformedProcedureStepSequence = []
    result.CurrentRequestedProcedureEvidenceSequence = [_evidence(segments, provenance)]
    requests = provenance.source.header.get("RequestAttributesSequence", [])
    if requests:
        result.ReferencedRequestSequence = [_request(request, provenance) for request in requests]
    if segments:
        result.CodingSchemeIdentificationSequence = [_own_coding_scheme()]
    contributors = _contributors(analysis, provenance)
    if contributors:
        result.ContributingEquipmentSequence = contributors
    return provenance.finish_object(result)


def _content(analysis: Analysis, segments: Sequence[LungSegment], provenance: Provenance) -> Dataset:
    groups = [rds_group(analysis, provenance), *lung_groups(segments, analysis, provenance)]
    return container(
        codes.IMAGING_MEASUREMENT_REPORT,
        [
            code(Relationship.HAS_CONCEPT_MOD, codes.LANGUAGE, codes.ENGLISH),
            *_observer(provenance),
            code(Relationship.HAS_CONCEPT_MOD, codes.PROCEDURE_REPORTED, _procedure(analysis, provenance)),
            container(codes.IMAGE_LIBRARY, [_library_group(analysis, provenance)]),
            container(codes.IMAGING_MEASUREMENTS, groups),
            text(Relationship.CONTAINS, codes.CONCLUSION, conclusion(analysis)),
            *(text(Relationship.CONTAINS, codes.COMMENT, comment) for comment in _comments(analysis)),
        ],
        template="1500",
    )


def _comments(analysis: Analysis) -> list[str]:
    comments = (unconfirmed(analysis), *criteria(analysis), disclaimer(analysis.bundle.disclaimer))
    return [comment for comment in comments if comment]


def _observer(provenance: Provenance) -> list[Dataset]:
    """Make the rows of TID 1002 and TID 1004 for this installation."""
    context, station = Relationship.HAS_OBS_CONTEXT, provenance.origin.station_name
    return [
        code(context, codes.OBSERVER_TYPE, codes.DEVICE),
        uid_reference(context, codes.DEVICE_OBSERVER_UID, provenance.origin.device_uid),
        text(context, codes.DEVICE_OBSERVER_NAME, station),
        text(context, codes.DEVICE_OBSERVER_MANUFACTURER, MANUFACTURER),
        text(context, codes.DEVICE_OBSERVER_MODEL, MODEL_NAME),
        text(context, codes.DEVICE_OBSERVER_SERIAL, station),
    ]


def _procedure(analysis: Analysis, provenance: Provenance) -> codes.Concept:
    """Take the film's own procedure; without one, a film that was turned away need not be a chest film."""
    was_taken_on = analysis.outcome not in (Outcome.NOT_ELIGIBLE, Outcome.FAILED)
    return provenance.source.procedure or (codes.CHEST_X_RAY if was_taken_on else codes.RADIOGRAPHY)


def _library_group(analysis: Analysis, provenance: Provenance) -> Dataset:
    source = provenance.source
    film = image(
        None, source.sop_class_uid, source.sop_instance_uid, children=_descriptors(analysis, provenance)
    )
    return container(codes.IMAGE_LIBRARY_GROUP, [film])


def _descriptors(analysis: Analysis, provenance: Provenance) -> list[Dataset]:
    """Make the rows of TID 1602 and TID 1603 whose values are known."""
    source, context = provenance.source, Relationship.HAS_ACQ_CONTEXT
    modality = codes.MODALITIES.get(source.header.get("Modality", ""), codes.MODALITIES["OT"])
    rows = [code(context, codes.MODALITY, modality)]
    if source.shape:
        rows.append(number(context, codes.PIXEL_DATA_ROWS, str(source.shape[0]), codes.PIXELS))
        rows.append(number(context, codes.PIXEL_DATA_COLUMNS, str(source.shape[1]), codes.PIXELS))
    orientation = source.header.get("PatientOrientation")
    if orientation:
        rows.append(text(context, codes.PATIENT_ORIENTATION_ROW, orientation[0]))
        rows.append(text(context, codes.PATIENT_ORIENTATION_COLUMN, orientation[1]))
    spacing = analysis.radiograph.spacing if analysis.radiograph else None
    if spacing:
        mm = codes.MILLIMETER
        rows.append(number(context, codes.HORIZONTAL_PIXEL_SPACING, f"{spacing.column_mm:.8g}", mm))
        rows.append(number(context, codes.VERTICAL_PIXEL_SPACING, f"{spacing.row_mm:.8g}", mm))
    return rows


def _evidence(segments: Sequence[LungSegment], provenance: Provenance) -> Dataset:
    """List the film and the SEG by study and series (PS3.3 Table C.17-3)."""
    source = provenance.source
    series = [_series(str(source.header.SeriesInstanceUID), source.sop_class_uid, source.sop_instance_uid)]
    if segments:
        seg = provenance.uid(f"{SEG.name}/series"), SEG.sop_class_uid, provenance.uid(SEG.name)
        series.append(_series(*seg))
    study = Dataset()
    put(study, "StudyInstanceUID", source.header.StudyInstanceUID)
    study.ReferencedSeriesSequence = series
    return study


def _series(series_instance_uid: str, sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    instance = Dataset()
    put(instance, "ReferencedSOPClassUID", sop_class_uid)
    put(instance, "ReferencedSOPInstanceUID", sop_instance_uid)
    series = Dataset()
    put(series, "SeriesInstanceUID", series_instance_uid)
    series.ReferencedSOPSequence = [instance]
    return series


def _request(attributes: Dataset, provenance: Provenance) -> Dataset:
    """Turn the film's request into an item of Referenced Request Sequence (0040,A370)."""
    header = provenance.source.header
    request = Dataset()
    put_verbatim(request, "StudyInstanceUID", attributes.get("StudyInstanceUID", header.StudyInstanceUID))
    request.ReferencedStudySequence = []
    for keyword in _REQUEST_TYPE_2:
        put_verbatim(request, keyword, attributes.get(keyword, ""))
    if not request.AccessionNumber:
        put_verbatim(request, "AccessionNumber", header.AccessionNumber)
    request.RequestedProcedureCodeSequence = attributes.get("RequestedProcedureCodeSequence", [])
    return request


def _own_coding_scheme() -> Dataset:
    item = Dataset()
    put(item, "CodingSchemeDesignator", codes.OWN_SCHEME)
    put(item, "CodingSchemeUID", codes.OWN_SCHEME_UID)
    put(item, "CodingSchemeName", codes.OWN_SCHEME_NAME)
    put(item, "CodingSchemeVersion", "1")
    put(item, "CodingSchemeResponsibleOrganization", MANUFACTURER)
    return item


def _contributors(analysis: Analysis, provenance: Provenance) -> list[Dataset]:
    """List the device that took the film, and those models that looked at it."""
    bundle = provenance.bundle
    looked = [bundle.segmenter] if analysis.lung_mask else []
    looked += [bundle.classifier] if analysis.finding else []
    models = [model_equipment(model, bundle, provenance.made_at_with_offset) for model in looked]
    return [*acquisition_equipment(provenance.source.header), *models]
