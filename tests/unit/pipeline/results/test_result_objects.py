"""Result objects as a whole: the same film and models give the same bytes, other ones other instances."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.uid import UID, ExplicitVRLittleEndian

from pipeline import PIPELINE_VERSION, results
from pipeline.results import Charset, ResultObjects, SrClass, make_result_objects, result_uid, to_part10
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pipeline.values import Outcome
from tests.support.analyses import BUNDLE, ORIGIN, make_analysis
from tests.support.films import make_film
from tests.unit.pipeline.results.conftest import Write
from tests.unit.pipeline.results.reports import SR_CLASSES


def as_bytes(objects: ResultObjects) -> tuple[bytes | None, bytes, bytes | None]:
    seg = None if objects.segmentation is None else to_part10(objects.segmentation)
    return seg, to_part10(objects.report), objects.overlay_png


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("sr_class", SR_CLASSES)
@pytest.mark.parametrize("charset", ["utf-8", "source"])
def test_a_second_run_makes_the_same_bytes(outcome: Outcome, sr_class: SrClass, charset: Charset) -> None:
    film = make_film(rows=41, columns=37)

    first, second = (
        as_bytes(
            make_result_objects(make_analysis(outcome, film), ORIGIN, sr_class=sr_class, charset=charset)
        )
        for _ in range(2)
    )

    assert first == second


def test_encoding_an_object_twice_gives_the_same_bytes() -> None:
    report = make_result_objects(make_analysis(), ORIGIN).report

    assert to_part10(report) == to_part10(report)


def uids(objects: ResultObjects) -> set[str]:
    made = [made for made in (objects.segmentation, objects.report) if made is not None]
    return {str(uid) for each in made for uid in (each.SOPInstanceUID, each.SeriesInstanceUID)}


def test_no_two_results_share_a_uid() -> None:
    film, other_film = make_film(rows=41, columns=37), make_film(rows=41, columns=37)
    other_bundle = replace(BUNDLE, digest="c" * 64)
    every = [
        make_result_objects(make_analysis(film=film), ORIGIN),
        make_result_objects(make_analysis(film=other_film), ORIGIN),
        make_result_objects(replace(make_analysis(film=film), bundle=other_bundle), ORIGIN),
        make_result_objects(make_analysis(film=film), ORIGIN, charset="source"),
    ]

    assert len(set.union(*(uids(objects) for objects in every))) == 4 * len(every)


def test_both_report_classes_are_different_instances_about_the_same_seg() -> None:
    analysis = make_analysis()
    comprehensive, enhanced = (make_result_objects(analysis, ORIGIN, sr_class=kind) for kind in SR_CLASSES)

    assert comprehensive.report.SOPInstanceUID != enhanced.report.SOPInstanceUID
    assert comprehensive.segmentation == enhanced.segmentation
    assert comprehensive.report.ContentSequence == enhanced.report.ContentSequence


@given(kind=st.text(max_size=12), source=st.from_regex(r"[0-2](\.(0|[1-9]\d{0,9})){1,6}", fullmatch=True))
def test_a_derived_uid_is_valid_and_always_the_same(kind: str, source: str) -> None:
    uid = result_uid(source, "b" * 64, kind)

    assert UID(uid).is_valid
    assert uid.startswith("2.25.")
    assert uuid.UUID(int=int(uid.removeprefix("2.25."))).version == 5
    assert result_uid(source, "b" * 64, kind) == uid
    assert result_uid(source, "c" * 64, kind) != uid


def test_a_uid_depends_on_the_pipelines_version_and_on_nothing_else() -> None:
    first, second = (result_uid("1.2.3", "b" * 64, "seg", version=version) for version in ("0.1.0", "0.2.0"))

    assert first == "2.25.244404555770925000151043641755731839807"
    assert second != first
    current = result_uid("1.2.3", "b" * 64, "seg", version=PIPELINE_VERSION)
    assert result_uid("1.2.3", "b" * 64, "seg") == current


def test_the_film_of_a_later_day_is_dated_that_day() -> None:
    later = replace(ORIGIN, made_at=ORIGIN.made_at + timedelta(days=1))
    film = make_film(rows=41, columns=37)
    first = make_result_objects(make_analysis(film=film), ORIGIN).report
    second = make_result_objects(make_analysis(film=film), later).report

    assert (first.ContentDate, second.ContentDate) == ("20240301", "20240302")
    assert first.SOPInstanceUID == second.SOPInstanceUID


def test_the_files_are_this_projects_own(write: Write) -> None:
    objects = make_result_objects(make_analysis(), ORIGIN)

    for made in (objects.segmentation, objects.report):
        assert made is not None
        meta = dcmread(write(made)).file_meta
        assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
        assert meta.ImplementationVersionName == IMPLEMENTATION_VERSION_NAME
        assert meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert UID(IMPLEMENTATION_CLASS_UID).is_valid


def test_results_are_of_the_films_patient_and_study() -> None:
    film = make_film(rows=41, columns=37, IssuerOfPatientID="NICU", PatientWeight="1.2")
    objects = make_result_objects(make_analysis(film=film), ORIGIN)

    for made in (objects.segmentation, objects.report):
        assert made is not None
        for keyword in (
            *(
                "PatientName",
                "PatientID",
                "IssuerOfPatientID",
                "PatientBirthDate",
                "PatientSex",
                "PatientAge",
            ),
            *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "PatientWeight"),
        ):
            assert made[keyword].value == film[keyword].value
        assert made.ContentQualification == "RESEARCH"


def test_names_longer_than_their_attributes_are_cut() -> None:
    long = "x" * 80
    segmenter = replace(BUNDLE.segmenter, name=long, version=long)
    bundle = replace(BUNDLE, manufacturer=long, segmenter=segmenter)
    seg = make_result_objects(
        replace(make_analysis(), bundle=bundle), replace(ORIGIN, station_name=long), overlay=False
    ).segmentation

    assert seg is not None
    model = seg.ContributingEquipmentSequence[-1]
    named = (model.Manufacturer, model.ManufacturerModelName, model.SoftwareVersions, seg.DeviceSerialNumber)
    assert set(named) == {"x" * 64}
    assert seg.SegmentSequence[0].SegmentAlgorithmName == "x" * 64


def test_the_picture_can_be_left_out() -> None:
    assert make_result_objects(make_analysis(), ORIGIN, overlay=False).overlay_png is None
    assert make_result_objects(make_analysis(), ORIGIN).overlay_png


def test_the_public_names_are_these() -> None:
    assert set(results.__all__) == {
        *("Charset", "Form", "Kind", "ResultObjects", "SrClass", "DEFAULT_SC_SIDE", "VISIBLE_KINDS"),
        *("make_result_objects", "make_visible_object", "result_uid", "to_part10"),
    }
