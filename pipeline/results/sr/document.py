"""The report: TID 1500 in a Comprehensive 3D SR or an Enhanced SR (PS3.3 A.35, C.17)."""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    EnhancedSR,
    LanguageOfContentItemAndDescendants,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom import Dataset
from pydicom.sr.coding import Code

from pipeline import codes
from pipeline.results.elements import put_verbatim
from pipeline.results.equipment import MANUFACTURER, MODEL_NAME
from pipeline.results.finish import finish
from pipeline.results.models import models_that_looked
from pipeline.results.options import SrClass
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.results.segments import LungSegment
from pipeline.results.sr.groups import lung_groups, rds_group
from pipeline.results.sr.library import image_library
from pipeline.results.wording import conclusion, criteria, disclaimer, unconfirmed
from pipeline.values import Analysis, Outcome

_DOCUMENTS = MappingProxyType({"comprehensive-3d": Comprehensive3DSR, "enhanced": EnhancedSR})
_REQUEST_TYPE_2 = (
    *("AccessionNumber", "RequestedProcedureID", "RequestedProcedureDescription"),
    *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
)


def make_report(
    analysis: Analysis,
    segments: Sequence[LungSegment],
    segmentation: Dataset | None,
    provenance: Provenance,
    sr_class: SrClass,
) -> Dataset:
    """Make the report of one film, whatever the outcome.

    Parameters
    ----------
    segments, segmentation
        The SEG that goes with the report; empty and None when there is none.
    """
    header = provenance.source.header
    film = provenance.source.stand_in()
    requests = [_request(request, header) for request in header.get("RequestAttributesSequence", [])]
    made = _DOCUMENTS[sr_class](
        evidence=[film] if segmentation is None else [film, segmentation],
        content=_content(analysis, segments, provenance),
        is_complete=True,
        requested_procedures=requests or None,
        coding_schemes=[_own_coding_scheme()] if segments else None,
        contributing_equipment=models_that_looked(analysis, provenance),
        **provenance.identification(ObjectKind(f"sr/{sr_class}", 9002, "AI RDS result (RESEARCH)")),
    )
    for item in _containers(made):
        item.ContinuityOfContent = "SEPARATE"
    return finish(made, provenance)


def _content(
    analysis: Analysis, segments: Sequence[LungSegment], provenance: Provenance
) -> MeasurementReport:
    groups = [rds_group(analysis, provenance), *lung_groups(segments, analysis, provenance)]
    english = CodedConcept.from_code(codes.ENGLISH)
    report = MeasurementReport(
        observation_context=_observer(provenance),
        procedure_reported=_procedure(analysis, provenance.source.header),
        imaging_measurements=groups,
        title=codes.IMAGING_MEASUREMENT_REPORT,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(english),
    )
    rows = report[0].ContentSequence
    rows.insert(len(rows) - 1, image_library(analysis, provenance.source))
    rows.append(_text(codes.CONCLUSION, conclusion(analysis)))
    rows.extend(_text(codes.COMMENT, comment) for comment in _comments(analysis))
    return report


def _text(name: Code, text: str) -> TextContentItem:
    return TextContentItem(name, text, RelationshipTypeValues.CONTAINS)


def _comments(analysis: Analysis) -> list[str]:
    comments = (unconfirmed(analysis), *criteria(analysis), disclaimer(analysis.bundle.disclaimer))
    return [comment for comment in comments if comment]


def _observer(provenance: Provenance) -> ObservationContext:
    """Make the rows of TID 1002 and TID 1004 for this installation."""
    origin = provenance.origin
    attributes = DeviceObserverIdentifyingAttributes(
        origin.device_uid, origin.station_name, MANUFACTURER, MODEL_NAME, origin.station_name
    )
    observer = ObserverContext(CodedConcept.from_code(codes.DEVICE), attributes)
    return ObservationContext(observer_device_context=observer)


def _procedure(analysis: Analysis, header: Dataset) -> Code:
    """Take the film's own procedure; without one, a film that was turned away need not be a chest film."""
    for item in header.get("ProcedureCodeSequence", []):
        return Code(str(item.CodeValue), str(item.CodingSchemeDesignator), str(item.CodeMeaning))
    was_taken_on = analysis.outcome not in (Outcome.NOT_ELIGIBLE, Outcome.FAILED)
    return codes.CHEST_X_RAY if was_taken_on else codes.RADIOGRAPHY


def _request(attributes: Dataset, header: Dataset) -> Dataset:
    """Turn the film's request into an item of Referenced Request Sequence (0040,A370)."""
    request = Dataset()
    put_verbatim(request, "StudyInstanceUID", attributes.get("StudyInstanceUID", header.StudyInstanceUID))
    request.ReferencedStudySequence = []
    for keyword in _REQUEST_TYPE_2:
        put_verbatim(request, keyword, attributes.get(keyword, ""))
    if not request.AccessionNumber:
        put_verbatim(request, "AccessionNumber", header.AccessionNumber)
    request.RequestedProcedureCodeSequence = attributes.get("RequestedProcedureCodeSequence", [])
    return request


def _own_coding_scheme() -> CodingSchemeIdentificationItem:
    """Declare this project's codes; highdicom writes the UID of registered schemes only."""
    item = CodingSchemeIdentificationItem(
        codes.OWN_SCHEME, codes.OWN_SCHEME_NAME, "1", responsible_organization=MANUFACTURER
    )
    item.CodingSchemeUID = codes.OWN_SCHEME_UID
    return item


def _containers(item: Dataset) -> Iterator[Dataset]:
    if item.ValueType == "CONTAINER":
        yield item
        for child in item.ContentSequence:
            yield from _containers(child)
