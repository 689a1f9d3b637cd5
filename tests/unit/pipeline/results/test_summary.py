"""The summary of a study repeats what the reports of its films say, the latest first."""

import warnings
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from highdicom.sr import srread
from pydicom import Dataset, dcmread

from pipeline import codes
from pipeline.errors import UnsupportedInstance
from pipeline.results import make_result_objects, to_part10
from pipeline.results.predecessors import name_predecessors, reference
from pipeline.results.summary import Member, make_summary, summary_uid
from pipeline.values import Outcome
from tests.support.analyses import ORIGIN, make_analysis
from tests.support.films import make_film
from tests.support.validators import dciodvfy, dciodvfy_warnings, dsrdump
from tests.unit.pipeline.results.conftest import Write

MADE_AT = datetime(2024, 3, 3, 8, tzinfo=UTC)
STUDY = "1.2.840.99999.1"


def member(moment: str = "20240302073000", outcome: Outcome = Outcome.PRESENT, **header: Any) -> Member:
    film = make_film(rows=41, columns=37, StudyInstanceUID=STUDY, **header)
    report = make_result_objects(make_analysis(outcome, film), ORIGIN, overlay=False).report
    return Member(dcmread(BytesIO(to_part10(report))), moment)


@pytest.fixture(scope="module")
def members() -> list[Member]:
    return [member("20240303073000.25"), member("20240302210000", Outcome.ABSENT), member("")]


def film_of(one: Member) -> str:
    series = one.report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    return str(series[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID)


def referenced(items: Any) -> list[str]:
    return [
        str(item.ReferencedSOPInstanceUID)
        for study in items
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    ]


def test_it_is_a_valid_document_that_people_can_read(members: list[Member], write: Write) -> None:
    path = write(make_summary(members, MADE_AT))

    assert dciodvfy(path) == []
    assert dciodvfy_warnings(path) == []
    text = dsrdump(path)
    assert "Latest of 3 films that were judged, taken 2024-03-03 07:30: " in text
    assert "Before, taken 2024-03-02 21:00: " in text
    assert "taken at an unknown time" in text
    assert text.count("RDS classification") == 3
    assert "not validated on newborns" in text


def test_other_software_reads_it_as_a_measurement_report(members: list[Member], write: Write) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of highdicom, on what pydicom wrote
        read = srread(str(write(make_summary(members, MADE_AT))))
        groups = read.content.get_image_measurement_groups()

    assert len(groups) == 3
    present = [group.get_qualitative_evaluations(name=codes.RDS)[0].value.meaning for group in groups]
    assert present == ["Present", "Absent", "Present"]


def test_it_rests_on_every_film_and_names_every_report(members: list[Member]) -> None:
    summary = make_summary(members, MADE_AT)

    films = [film_of(one) for one in members]
    assert referenced(summary.CurrentRequestedProcedureEvidenceSequence) == films
    reports = [str(one.report.SOPInstanceUID) for one in members]
    assert referenced(summary.PertinentOtherEvidenceSequence) == reports
    assert "PredecessorDocumentsSequence" not in summary
    in_content = [
        str(row.ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
        for row in _rows(summary)
        if row.ValueType == "IMAGE"
    ]
    assert set(in_content) == set(films)


def _rows(item: Dataset) -> list[Dataset]:
    below = [row for child in item.get("ContentSequence", []) for row in _rows(child)]
    return [item, *below]


def test_the_lead_gives_patient_and_study_and_nothing_is_its_own_report_s(members: list[Member]) -> None:
    summary, lead = make_summary(members, MADE_AT), members[0].report

    assert (summary.PatientName, summary.StudyInstanceUID) == (lead.PatientName, lead.StudyInstanceUID)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription"):
        assert summary[keyword].value != lead[keyword].value
    assert summary.file_meta.MediaStorageSOPInstanceUID == summary.SOPInstanceUID
    assert (summary.ContentDate, summary.ContentTime) == ("20240303", "080000.000000")
    assert members[0].report.SeriesDescription == "AI RDS result (RESEARCH)"  # the members stay as they are


def test_the_same_reports_make_the_same_bytes_and_one_more_film_another_document(
    members: list[Member],
) -> None:
    first, again = (to_part10(make_summary(members, MADE_AT)) for _ in range(2))
    fewer = make_summary(members[:2], MADE_AT)

    assert first == again
    assert fewer.SOPInstanceUID != dcmread(BytesIO(first)).SOPInstanceUID
    uids = [str(one.report.SOPInstanceUID) for one in members]
    assert summary_uid(uids) == summary_uid(uids[::-1])


def test_a_revision_names_what_it_replaces(members: list[Member], write: Write) -> None:
    former = make_summary(members[:2], MADE_AT)
    revised = make_summary(members, MADE_AT, [reference(former)])

    assert referenced(revised.PredecessorDocumentsSequence) == [former.SOPInstanceUID]
    path = write(revised)
    assert dciodvfy(path) == []
    dsrdump(path)


def test_a_film_s_report_can_name_what_it_replaces_too(members: list[Member], write: Write) -> None:
    report = member().report
    name_predecessors(report, [reference(members[0].report)])

    path = write(report)
    assert dciodvfy(path) == []
    assert referenced(dcmread(path).PredecessorDocumentsSequence) == [members[0].report.SOPInstanceUID]


def test_films_of_several_character_sets_are_written_in_unicode(write: Write) -> None:
    korean = {"SpecificCharacterSet": ["", "ISO 2022 IR 149"], "PatientName": "Hong^Gildong=洪^吉洞=홍^길동"}
    film = make_film(rows=41, columns=37, StudyInstanceUID=STUDY, **korean)
    report = make_result_objects(make_analysis(Outcome.PRESENT, film), ORIGIN, charset="source").report
    lead = Member(dcmread(BytesIO(to_part10(report))), "20240303073000")

    path = write(make_summary([lead, member()], MADE_AT))

    read = dcmread(path)
    assert read.SpecificCharacterSet == "ISO_IR 192"
    assert str(read.PatientName) == "Hong^Gildong=洪^吉洞=홍^길동"
    assert dciodvfy(path) == []


def test_a_document_that_is_no_report_of_ours_is_refused(members: list[Member]) -> None:
    foreign = Dataset()
    foreign.update(members[0].report)
    foreign.ContentSequence = []

    with pytest.raises(UnsupportedInstance, match="Image Library"):
        make_summary([members[1], Member(foreign, "")], MADE_AT)
