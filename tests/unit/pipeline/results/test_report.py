"""The Structured Report says what the analysis found, for every outcome, to machines and to people."""

import highdicom
import pytest
from pydicom.sr.codedict import codes as standard

from pipeline import codes
from pipeline.results import SrClass, make_result_objects
from pipeline.values import Finding, Outcome, Reason, RuleVerdict, Verdict
from tests.support.analyses import (
    BUNDLE,
    ORIGIN,
    REASONS,
    make_analysis,
    make_lung_mask,
    make_radiograph,
)
from tests.support.films import DX, lung_ellipses, make_film
from tests.support.validators import dciodvfy_warnings
from tests.unit.pipeline.results.conftest import Check, Write
from tests.unit.pipeline.results.reports import (
    SR_CLASSES,
    areas,
    coded_values,
    items_of,
    make_report,
    measurements,
    name_of,
    texts,
    tracking_uid,
)

JUDGED = (Outcome.PRESENT, Outcome.ABSENT)
NOT_JUDGED = (Outcome.NOT_ELIGIBLE, Outcome.NOT_ASSESSABLE, Outcome.FAILED)


@pytest.mark.dcmtk
@pytest.mark.parametrize("sr_class", SR_CLASSES)
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("sop_class", [None, DX], ids=["CR", "DX"])
def test_every_outcome_is_valid_without_remarks(
    outcome: Outcome, sr_class: SrClass, sop_class: str | None, check: Check, write: Write
) -> None:
    film = make_film(rows=41, columns=37, **({"sop_class": sop_class} if sop_class else {}))
    objects = make_result_objects(make_analysis(outcome, film), ORIGIN, sr_class=sr_class, overlay=False)

    text = check(objects)

    assert dciodvfy_warnings(write(objects.report)) == []
    assert objects.report.SOPClassUID == SR_CLASSES[sr_class]
    assert "RESEARCH USE ONLY" in text
    assert "not validated on newborns" in text
    assert ("PRESENT" in text) is (outcome is Outcome.PRESENT)


@pytest.mark.parametrize("sr_class", SR_CLASSES)
@pytest.mark.parametrize("outcome", Outcome)
def test_highdicom_reads_the_same_finding(outcome: Outcome, sr_class: SrClass, write: Write) -> None:
    analysis = make_analysis(outcome)
    report = highdicom.sr.srread(write(make_result_objects(analysis, ORIGIN, sr_class=sr_class).report))

    (group,) = report.content.get_image_measurement_groups(
        tracking_uid=tracking_uid(report, "RDS classification")
    )

    assert group.finding_type.value == codes.RDS.value
    assert group.finding_sites[0].value.value == codes.LUNG.value
    assert group.finding_sites[0].laterality.value == codes.BILATERAL.value
    said = {item.name.value: item.value.value for item in group.get_qualitative_evaluations()}
    assert said[codes.RDS.value] == codes.DECISIONS[outcome].value
    assert said[codes.SUMMARY_OF_ANALYSES.value] == codes.ANALYSIS_STATUS[outcome].value
    measured = {item.name.value: item.value for item in group.get_measurements()}
    expected = {} if analysis.finding is None else {codes.PROBABILITY.value: analysis.finding.probability}
    assert measured == expected


@pytest.mark.parametrize(
    ("outcome", "reason", "quality", "finding"),
    [
        (Outcome.PRESENT, None, "111237", None),
        (Outcome.ABSENT, None, "111237", None),
        (Outcome.NOT_ELIGIBLE, Reason.OTHER, "111236", "111221"),
        (Outcome.NOT_ELIGIBLE, Reason.POSITIONING, "111236", "111209"),
        (Outcome.NOT_ASSESSABLE, Reason.UNDER_EXPOSED, "111235", "111211"),
        (Outcome.NOT_ASSESSABLE, Reason.OVER_EXPOSED, "111235", "111212"),
        (Outcome.NOT_ASSESSABLE, Reason.MOTION, "111235", "111210"),
        (Outcome.NOT_ASSESSABLE, Reason.DETECTOR_ARTIFACT, "111235", "111214"),
        (Outcome.NOT_ASSESSABLE, Reason.OTHER_ARTIFACT, "111235", "111215"),
        (Outcome.NOT_ASSESSABLE, Reason.UNSUITED_PROCESSING, "111235", "111219"),
        (Outcome.NOT_ASSESSABLE, None, "111235", "111221"),
        (Outcome.FAILED, Reason.NO_IMAGE, "111235", "111213"),
        (Outcome.FAILED, Reason.SOFTWARE_FAILURE, None, "111218"),
    ],
)
def test_the_quality_of_the_film_is_coded(
    outcome: Outcome, reason: Reason | None, quality: str | None, finding: str | None
) -> None:
    report = make_report(make_analysis(outcome, reason=reason))

    assert coded_values(report, codes.QUALITY_ASSESSMENT) == ([quality] if quality else [])
    assert coded_values(report, codes.QUALITY_FINDING) == ([finding] if finding else [])


@pytest.mark.parametrize("outcome", JUDGED)
def test_a_finding_in_a_patient_of_unknown_age_is_marked(outcome: Outcome) -> None:
    analysis = make_analysis(outcome, verdicts=(RuleVerdict("age", Verdict.UNKNOWN, "not stated"),))

    report = make_report(analysis)

    assert coded_values(report, codes.QUALITY_ASSESSMENT) == ["111236"]
    (conclusion,) = texts(report, codes.CONCLUSION)
    assert conclusion.endswith("made for newborns only.")
    assert "made for newborns only" not in texts(make_report(make_analysis(outcome)), codes.CONCLUSION)[0]


@pytest.mark.parametrize(
    ("probability", "shown"), [(0.9991, "above 0.99"), (0.004, "below 0.01"), (0.87, "0.87")]
)
def test_no_probability_is_told_as_certain(probability: float, shown: str) -> None:
    report = make_report(make_analysis(finding=Finding(probability, 0.5)))

    (conclusion,) = texts(report, codes.CONCLUSION)
    assert f"Probability {shown} " in conclusion


def test_every_reason_has_its_code() -> None:
    assert set(codes.QUALITY_FINDINGS) == set(Reason)
    assert set(codes.DECISIONS) == set(codes.ANALYSIS_STATUS) == set(Outcome)


@pytest.mark.parametrize("outcome", NOT_JUDGED)
def test_a_film_that_was_not_judged_has_no_number_and_says_that_it_is_no_negative(outcome: Outcome) -> None:
    objects = make_result_objects(make_analysis(outcome), ORIGIN)

    assert objects.segmentation is None
    numbers = [item for item in items_of(objects.report) if item.get("ValueType") == "NUM"]
    assert {name_of(item) for item in numbers} <= {
        codes.PIXEL_DATA_ROWS.value,
        codes.PIXEL_DATA_COLUMNS.value,
        codes.HORIZONTAL_PIXEL_SPACING.value,
        codes.VERTICAL_PIXEL_SPACING.value,
    }
    (conclusion,) = texts(objects.report, codes.CONCLUSION)
    assert "UNDETERMINED" in conclusion
    assert REASONS[outcome][1] in conclusion
    assert "not a negative result" in conclusion


def test_lungs_are_measured_one_by_one_and_together(write: Write) -> None:
    pixels = lung_ellipses(64, 52)
    analysis = make_analysis(Outcome.PRESENT, lung_mask=make_lung_mask(pixels))
    objects = make_result_objects(analysis, ORIGIN)
    report = highdicom.sr.srread(write(objects.report))

    assert objects.segmentation is not None
    for item, side in zip(objects.segmentation.SegmentSequence, (1, 2), strict=True):
        (group,) = report.content.get_planar_roi_measurement_groups(tracking_uid=item.TrackingUID)
        count = int((analysis.lung_mask.labels == side).sum())
        assert measurements(group) == areas(count, pixels.size)
        frame = group.referenced_segmentation_frame[0]
        assert frame.referenced_sop_instance_uid == objects.segmentation.SOPInstanceUID
        assert frame.referenced_segment_numbers == [item.SegmentNumber]
    (both,) = report.content.get_image_measurement_groups(tracking_uid=tracking_uid(report, "Both lungs"))
    assert measurements(both) == areas(int(pixels.sum()), pixels.size)


def test_lungs_of_unknown_side_are_one_bilateral_group(write: Write) -> None:
    mask = make_lung_mask(lung_ellipses(64, 52), sides=False)
    report = highdicom.sr.srread(write(make_report(make_analysis(Outcome.PRESENT, lung_mask=mask))))

    (group,) = report.content.get_planar_roi_measurement_groups()

    assert group.tracking_identifier == "Lungs"
    assert group.finding_sites[0].laterality.value == codes.BILATERAL.value
    assert tracking_uid(report, "Both lungs") is None


def test_without_spacing_there_are_no_square_millimetres() -> None:
    film = make_film(rows=41, columns=37)
    report = make_report(make_analysis(Outcome.PRESENT, film, radiograph=make_radiograph(film, spacing=None)))

    units = [item.CodeValue for item in items_of(report) if item.get("CodingSchemeDesignator") == "UCUM"]
    assert "mm2" not in units
    assert "mm" not in units
    assert "spacing=unknown" in texts(report, standard.DCM.AlgorithmParameters)


def test_the_models_are_named_with_their_digests_and_devices() -> None:
    report = make_report(make_analysis(Outcome.PRESENT))

    parameters = texts(report, standard.DCM.AlgorithmParameters)
    expected = {
        f"weights_sha256={BUNDLE.segmenter.weights_sha256}",
        f"weights_sha256={BUNDLE.classifier.weights_sha256}",
        f"bundle_sha256={BUNDLE.digest}",
        "calibration=temperature",
        "decision_threshold=0.5",
        "spacing=imager",
        "voi=window",
    }
    assert expected <= set(parameters)
    devices = [item.get("DeviceUID") for item in report.ContributingEquipmentSequence]
    assert devices == [None, BUNDLE.segmenter.device_uid, BUNDLE.classifier.device_uid]


def test_models_that_never_saw_the_film_contributed_nothing() -> None:
    report = make_report(make_analysis(Outcome.NOT_ELIGIBLE))

    purposes = [
        item.PurposeOfReferenceCodeSequence[0].CodeValue for item in report.ContributingEquipmentSequence
    ]
    assert purposes == [standard.DCM.AcquisitionEquipment.value]


def test_the_gates_verdicts_and_what_is_not_known_are_written_out() -> None:
    verdicts = (
        RuleVerdict("age", Verdict.UNKNOWN, "No Patient's Age and no birth date."),
        RuleVerdict("view", Verdict.YES, "AP."),
        RuleVerdict("lung area", Verdict.NO, "61 % of the picture, at most 45 % are allowed.", Reason.OTHER),
    )
    comments = texts(make_report(make_analysis(Outcome.NOT_ASSESSABLE, verdicts=verdicts)), codes.COMMENT)

    assert comments[:-1] == [
        "Could not be confirmed for this film: age.",
        "Criterion age: not known. No Patient's Age and no birth date.",
        "Criterion view: met. AP.",
        "Criterion lung area: not met. 61 % of the picture, at most 45 % are allowed.",
    ]
    assert comments[-1].startswith("RESEARCH USE ONLY. Trained on simulated films")


@pytest.mark.parametrize("probability", [0.49999, 0.4999999, 0.5, 0.50001, 0.0, 1.0])
def test_a_rounded_probability_never_contradicts_the_decision(probability: float) -> None:
    finding = Finding(probability, 0.5)
    outcome = Outcome.PRESENT if finding.is_present else Outcome.ABSENT
    report = make_report(make_analysis(outcome, finding=finding))

    (item,) = [item for item in items_of(report) if name_of(item) == codes.PROBABILITY.value]
    (measured,) = item.MeasuredValueSequence

    assert measured.FloatingPointValue == probability
    assert (float(measured.NumericValue) >= 0.5) is finding.is_present
    assert float(measured.NumericValue) == pytest.approx(probability, abs=5e-5)
