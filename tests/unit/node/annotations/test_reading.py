"""Who says what in a SEG or SR: people are heard, devices are not."""

import tracemalloc
from copy import deepcopy
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian

from node.annotations.receiving import notes_in
from pipeline import codes
from pipeline.annotations import Annotation, read_annotations
from pipeline.results import make_result_objects, to_part10
from tests.support.analyses import ORIGIN, make_analysis
from tests.support.films import lung_ellipses, make_film
from tests.support.readers import READER, drawn_lungs, verified_report, written_report

FILM = make_film(rows=64, columns=52)
LUNGS = lung_ellipses(64, 52)


@pytest.mark.parametrize("by", ["MANUAL", "SEMIAUTOMATIC"])
def test_lungs_that_a_person_drew(by: str) -> None:
    (note,) = read_annotations(drawn_lungs(FILM, LUNGS, by=by))
    assert (note.film, note.has_lungs, note.rds, note.author) == (FILM.SOPInstanceUID, True, None, READER)


def test_what_devices_say_is_not_heard() -> None:
    objects = make_result_objects(make_analysis(film=FILM), ORIGIN, overlay=False)
    assert objects.segmentation is not None
    assert read_annotations(objects.segmentation) == []
    assert read_annotations(objects.report) == []
    assert read_annotations(FILM) == []


def test_a_segmentation_of_something_else_is_none_of_the_lungs() -> None:
    heart = drawn_lungs(FILM, LUNGS)
    for segment in heart.SegmentSequence:
        segment.SegmentLabel = "Heart"
        segment.SegmentedPropertyTypeCodeSequence[0].CodeValue = "80891009"
    assert read_annotations(heart) == []


@pytest.mark.parametrize("is_present", [True, False])
def test_the_nodes_own_report_verified_is_the_word_of_who_verified_it(is_present: bool) -> None:
    (note,) = read_annotations(verified_report(FILM, is_present=is_present))
    assert (note.film, note.rds, note.grade, note.author) == (FILM.SOPInstanceUID, is_present, None, READER)


@pytest.mark.parametrize(
    ("is_present", "grade", "expected"),
    [
        (True, None, (True, None)),
        (False, None, (False, None)),
        (True, 3, (True, 3)),
        (None, 2, (True, 2)),
        (None, 0, (False, None)),
    ],
)
def test_a_report_that_a_person_wrote(
    is_present: bool | None, grade: int | None, expected: tuple[bool, int | None]
) -> None:
    (note,) = read_annotations(written_report(FILM, is_present=is_present, grade=grade))
    assert (note.rds, note.grade) == expected
    assert note == Annotation(
        FILM.SOPInstanceUID,
        rds=note.rds,
        grade=note.grade,
        author=READER,
        said_at=datetime(2024, 3, 2, 10, 15),  # noqa: DTZ001
    )


def test_of_several_films_each_gets_what_is_said_of_it_and_none_gets_what_is_said_of_another() -> None:
    first, second = make_film(rows=64, columns=52), make_film(rows=64, columns=52)
    report = written_report(first, is_present=True, grade=3)
    other = written_report(second, is_present=False)
    groups = report.ContentSequence[-1].ContentSequence
    groups.append(other.ContentSequence[-1].ContentSequence[0])
    said = {note.film: (note.rds, note.grade) for note in read_annotations(report)}
    assert said == {str(first.SOPInstanceUID): (True, 3), str(second.SOPInstanceUID): (False, None)}


def test_where_nobody_knows_which_film_is_meant_nothing_is_noted() -> None:
    first, second = make_film(rows=64, columns=52), make_film(rows=64, columns=52)
    report = written_report(first, is_present=True)
    group = report.ContentSequence[-1].ContentSequence[0].ContentSequence
    (image,) = (item for item in group if item.ValueType == "IMAGE")
    prior = deepcopy(image)
    prior.ReferencedSOPSequence[0].ReferencedSOPInstanceUID = second.SOPInstanceUID
    group.append(prior)
    assert read_annotations(report) == []


def test_a_grade_that_there_is_not_is_no_grade() -> None:
    report = written_report(FILM, is_present=True, grade=2)
    for group in report.ContentSequence[-1].ContentSequence[0].ContentSequence:
        if group.ValueType == "NUM":
            group.MeasuredValueSequence[0].NumericValue = "7"
    (note,) = read_annotations(report)
    assert (note.rds, note.grade) == (True, None)


def test_a_report_of_a_person_that_says_nothing_of_the_finding_is_no_annotation() -> None:
    report = written_report(FILM, is_present=True)
    for item in report.ContentSequence[-1].ContentSequence[0].ContentSequence:
        if item.ConceptNameCodeSequence[0].CodeValue == codes.RDS.value:
            item.ConceptCodeSequence[0].CodeValue = codes.UNDETERMINED.value
    assert read_annotations(report) == []


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_object_however_damaged_stops_the_intake(data: st.DataObject) -> None:
    part10 = bytearray(data.draw(st.sampled_from([_REPORT, _SEGMENTATION])))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(132, len(part10) - 1))
        part10[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(132, len(part10)))
    assert isinstance(notes_in("1.2.840.10008.5.1.4.1.1.88.33", bytes(part10[:cut])), list)


def test_bytes_that_are_no_object_are_passed_over() -> None:
    assert notes_in("1.2.840.10008.5.1.4.1.1.66.4", b"no DICOM at all") == []
    assert notes_in("1.2.840.10008.5.1.4.1.1.1", b"") == []


_REPORT = to_part10(written_report(FILM, is_present=True, grade=2))
_SEGMENTATION = to_part10(drawn_lungs(FILM, LUNGS))


def deflated(zeros: int) -> bytes:
    """Give a deflated report with so many bytes behind its header; a small file, however many they are."""
    report = verified_report(FILM, is_present=True)
    report.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    report.PixelData = bytes(zeros)
    report["PixelData"].VR = "OB"
    return to_part10(report)


def test_a_deflated_report_is_heard_and_a_bomb_takes_no_memory() -> None:
    uid = str(verified_report(FILM, is_present=True).SOPClassUID)
    small, bomb = deflated(100), deflated(300 << 20)
    assert len(bomb) < 1 << 20
    tracemalloc.start()
    try:
        for part10 in (small, bomb):
            (note,) = notes_in(uid, part10)
            assert note.rds
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()
