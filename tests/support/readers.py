"""What a radiologist sends back from a viewer: lungs drawn anew, a report verified or written."""

from datetime import datetime

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import generate_uid

from pipeline import codes
from pipeline.results import make_result_objects
from tests.support.analyses import ORIGIN, make_analysis, make_lung_mask

READER = "Leserin^Erika"


def drawn_lungs(film: Dataset, lungs: NDArray[np.bool_], *, by: str = "MANUAL") -> Dataset:
    """Give a SEG of a film's lungs as a viewer writes it, drawn by a person."""
    analysis = make_analysis(film=film, lung_mask=make_lung_mask(lungs))
    segmentation = make_result_objects(analysis, ORIGIN, overlay=False).segmentation
    assert segmentation is not None
    for segment in segmentation.SegmentSequence:
        segment.SegmentAlgorithmType = by
        if by == "MANUAL":
            del segment.SegmentAlgorithmName
            del segment.SegmentationAlgorithmIdentificationSequence
    segmentation.ContentCreatorName = READER
    segmentation.Manufacturer, segmentation.ManufacturerModelName = "Viewer", "Workstation"
    return _as_new(segmentation)


def verified_report(film: Dataset, *, is_present: bool) -> Dataset:
    """Give the node's own report, amended and verified by a person."""
    report = make_result_objects(make_analysis(film=film), ORIGIN, overlay=False).report
    for item in _all_items(report):
        name = item.ConceptNameCodeSequence[0] if "ConceptNameCodeSequence" in item else None
        if name is not None and name.CodeValue == codes.RDS.value and item.ValueType == "CODE":
            wanted = codes.PRESENT if is_present else codes.ABSENT
            item.ConceptCodeSequence[0].CodeValue = wanted.value
            item.ConceptCodeSequence[0].CodeMeaning = wanted.meaning
    report.VerificationFlag = "VERIFIED"
    verifier = Dataset()
    verifier.VerifyingObserverName = READER
    verifier.VerifyingOrganization = "Hospital"
    verifier.VerificationDateTime = "20240302101500"
    verifier.VerifyingObserverIdentificationCodeSequence = []
    report.VerifyingObserverSequence = [verifier]
    return _as_new(report)


def written_report(film: Dataset, *, is_present: bool | None = None, grade: int | None = None) -> Dataset:
    """Give a TID 1500 report that a person wrote about a film."""
    observer = hd.sr.ObserverContext(
        observer_type=hd.sr.CodedConcept("121006", "DCM", "Person"),
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(name=READER),
    )
    source = hd.sr.SourceImageForMeasurementGroup(film.SOPClassUID, film.SOPInstanceUID)
    evaluations = []
    if is_present is not None:
        value = codes.PRESENT if is_present else codes.ABSENT
        evaluations.append(hd.sr.QualitativeEvaluation(_concept(codes.RDS), _concept(value)))
    measurements = (
        [hd.sr.Measurement(_concept(codes.RDS_GRADE), float(grade), _concept(codes.NO_UNITS))]
        if grade is not None
        else None
    )
    group = hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(generate_uid(), "reading"),
        finding_type=_concept(codes.RDS),
        measurements=measurements,
        qualitative_evaluations=evaluations or None,
        source_images=[source],
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=observer),
        procedure_reported=_concept(codes.CHEST_X_RAY),
        imaging_measurements=[group],
    )
    report = hd.sr.ComprehensiveSR(
        evidence=[film],
        content=content[0],
        series_instance_uid=generate_uid(),
        series_number=1,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Viewer",
    )
    moment = datetime(2024, 3, 2, 10, 15)  # noqa: DTZ001 - local time, as reports have it
    report.ContentDate, report.ContentTime = f"{moment:%Y%m%d}", f"{moment:%H%M%S}"
    return report


def _concept(code: Code) -> hd.sr.CodedConcept:
    return hd.sr.CodedConcept(code.value, code.scheme_designator, code.meaning)


def _as_new(dataset: Dataset) -> Dataset:
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    return dataset


def _all_items(dataset: Dataset) -> list[Dataset]:
    children = list(dataset.get("ContentSequence", []))
    return children + [item for child in children for item in _all_items(child)]
