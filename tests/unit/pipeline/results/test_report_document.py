"""What surrounds the findings of a report: evidence, order, procedure, times."""

from datetime import UTC, datetime

import pytest
from pydicom.sr.codedict import codes as standard
from pydicom.sr.coding import Code

from pipeline import codes
from pipeline.results import make_result_objects
from pipeline.values import Origin, Outcome
from tests.support.analyses import ORIGIN, make_analysis
from tests.support.films import make_film
from tests.unit.pipeline.results.odd_headers import code_item, request_item
from tests.unit.pipeline.results.reports import coded_values, items_of, make_report


def test_the_report_lists_the_film_and_the_seg_as_evidence() -> None:
    film = make_film(rows=41, columns=37)
    objects = make_result_objects(make_analysis(Outcome.PRESENT, film), ORIGIN)
    assert objects.segmentation is not None

    (study,) = objects.report.CurrentRequestedProcedureEvidenceSequence

    listed = [
        (series.SeriesInstanceUID, instance.ReferencedSOPInstanceUID)
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    ]
    assert study.StudyInstanceUID == film.StudyInstanceUID
    assert listed == [
        (film.SeriesInstanceUID, film.SOPInstanceUID),
        (objects.segmentation.SeriesInstanceUID, objects.segmentation.SOPInstanceUID),
    ]


def test_only_the_reference_to_a_segment_names_a_segment_and_none_names_a_frame() -> None:
    report = make_report(make_analysis(Outcome.PRESENT))

    referenced = [item for item in items_of(report) if "ReferencedSOPClassUID" in item]
    assert all("ReferencedFrameNumber" not in item for item in referenced)
    segments = [item.ReferencedSegmentNumber for item in referenced if "ReferencedSegmentNumber" in item]
    assert segments == [1, 2]


def test_the_order_is_copied_so_that_the_archive_links_the_report_to_it() -> None:
    request = request_item(
        RequestedProcedureID="RP1",
        ScheduledProcedureStepID="SPS1",
        RequestedProcedureCodeSequence=[code_item("CXR1", "99HOSP", "Chest AP")],
    )
    film = make_film(rows=41, columns=37, RequestAttributesSequence=[request])
    objects = make_result_objects(make_analysis(Outcome.PRESENT, film), ORIGIN)

    (copied,) = objects.report.ReferencedRequestSequence
    assert copied.RequestedProcedureID == "RP1"
    assert copied.AccessionNumber == film.AccessionNumber
    assert copied.StudyInstanceUID == film.StudyInstanceUID
    assert copied.RequestedProcedureCodeSequence[0].CodeValue == "CXR1"
    assert objects.segmentation is not None
    assert objects.segmentation.RequestAttributesSequence[0].ScheduledProcedureStepID == "SPS1"


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.PRESENT, codes.CHEST_X_RAY),
        (Outcome.NOT_ASSESSABLE, codes.CHEST_X_RAY),
        (Outcome.NOT_ELIGIBLE, codes.RADIOGRAPHY),
        (Outcome.FAILED, codes.RADIOGRAPHY),
    ],
)
def test_a_film_that_may_show_anything_is_not_called_a_chest_film(outcome: Outcome, expected: Code) -> None:
    report = make_report(make_analysis(outcome))

    assert coded_values(report, standard.DCM.ProcedureReported) == [expected.value]


def test_the_films_own_procedure_comes_first() -> None:
    film = make_film(
        rows=41, columns=37, ProcedureCodeSequence=[code_item("CXR1", "99HOSP", "Chest AP portable")]
    )

    assert coded_values(make_report(make_analysis(film=film)), standard.DCM.ProcedureReported) == ["CXR1"]


@pytest.mark.parametrize(
    ("stated", "configured", "content", "offset"),
    [
        ("+0900", "+0000", ("20240302", "083015.250000"), "+0900"),
        ("-0330", "+0900", ("20240301", "200015.250000"), "-0330"),
        (None, "+0900", ("20240302", "083015.250000"), None),
        (None, "+0000", ("20240301", "233015.250000"), None),
    ],
)
def test_content_times_are_in_the_films_time_zone(
    stated: str | None, configured: str, content: tuple[str, str], offset: str | None
) -> None:
    film = make_film(rows=41, columns=37, TimezoneOffsetFromUTC=stated)
    origin = Origin("2.25.1", "S", datetime(2024, 3, 1, 23, 30, 15, 250000, tzinfo=UTC), configured)
    objects = make_result_objects(make_analysis(film=film), origin)

    for made in (objects.segmentation, objects.report):
        assert made is not None
        assert (made.ContentDate, made.ContentTime) == content
        assert made.get("TimezoneOffsetFromUTC") == offset
        contributed = made.ContributingEquipmentSequence[-1].ContributionDateTime
        assert str(contributed) == f"{content[0]}{content[1]}{offset or configured}"


@pytest.mark.parametrize("outcome", Outcome)
def test_the_report_never_repeats_who_the_patient_is(outcome: Outcome) -> None:
    film = make_film(rows=41, columns=37)
    report = make_report(make_analysis(outcome, film))

    words = [value for item in items_of(report) for value in (item.get("TextValue"), item.get("CodeMeaning"))]
    for secret in (str(film.PatientName), film.PatientID, film.AccessionNumber, film.PatientBirthDate):
        assert all(secret not in word for word in words if word)
