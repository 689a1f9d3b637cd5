"""What result objects take over from a film's header."""

import warnings
from dataclasses import replace

import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import EnhancedXAImageStorage, SegmentationStorage

from pipeline.errors import UnsupportedInstance
from pipeline.results import Charset, make_result_objects, to_part10
from pipeline.results.clean import CLEANERS, clean_date, clean_time, clean_utc_offset
from pipeline.results.header import read_source
from pipeline.values import Outcome
from tests.support.analyses import ORIGIN, make_analysis, received
from tests.support.films import make_film
from tests.support.validators import dciodvfy
from tests.unit.pipeline.results.conftest import Check, Write
from tests.unit.pipeline.results.odd_headers import BAD_IDENTITY, ODD, odd_film

IDENTITY = ("PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyID", "StudyInstanceUID", "PatientName")


CHARSETS = [name for name in ODD if name.startswith("charset")]


@pytest.mark.dcmtk
@pytest.mark.parametrize(
    ("name", "charset"), [*((name, "utf-8") for name in ODD), *((name, "source") for name in CHARSETS)]
)
def test_every_odd_header_gives_valid_objects(name: str, charset: Charset, check: Check) -> None:
    film = received(odd_film(name))

    check(make_result_objects(make_analysis(Outcome.PRESENT, film), ORIGIN, charset=charset, overlay=False))


@pytest.mark.dcmtk
@pytest.mark.parametrize("name", ["manufacturer missing", "nothing of the patient", "Secondary Capture"])
@pytest.mark.parametrize("outcome", [Outcome.NOT_ELIGIBLE, Outcome.FAILED])
def test_odd_headers_of_films_that_were_turned_away_give_valid_reports(
    name: str, outcome: Outcome, check: Check
) -> None:
    check(make_result_objects(make_analysis(outcome, received(odd_film(name))), ORIGIN))


@pytest.mark.parametrize("vr", ["SQ", "FD", "UN", "LO"])
def test_a_damaged_sequence_is_left_out(vr: str) -> None:
    film = received(make_film(rows=64, columns=52))
    for keyword in ("RequestAttributesSequence", "OtherPatientIDsSequence", "ProcedureCodeSequence"):
        tag = Tag(tag_for_keyword(keyword) or 0)
        film[tag] = RawDataElement(tag, vr, 5, b"1.2.3", 0, False, True)

    report = make_result_objects(make_analysis(Outcome.PRESENT, film), ORIGIN, overlay=False).report

    assert "OtherPatientIDsSequence" not in report
    assert to_part10(report)


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
@pytest.mark.parametrize("uid", [b"", b"1.2\\1.3", b"\xff\xfe", b"1.2\x003"])
def test_no_result_refers_to_what_is_no_single_uid(keyword: str, uid: bytes) -> None:
    film, tag = received(make_film(rows=64, columns=52)), Tag(tag_for_keyword(keyword) or 0)
    film[tag] = RawDataElement(tag, "UI", len(uid), uid, 0, False, True)

    with pytest.raises(UnsupportedInstance, match=keyword):
        read_source(film)


def test_patient_identity_removed_is_yes_or_no() -> None:
    films = [make_film(rows=64, columns=52, PatientIdentityRemoved=value) for value in ("yes", "PARTLY")]

    assert [read_source(received(film)).header.get("PatientIdentityRemoved") for film in films] == [
        "YES",
        None,
    ]


@pytest.mark.parametrize("name", BAD_IDENTITY)
def test_identity_that_breaks_the_rules_is_written_back_verbatim(name: str, write: Write) -> None:
    film = received(odd_film(name))
    objects = make_result_objects(make_analysis(Outcome.PRESENT, film), ORIGIN, overlay=False)

    for made in (objects.segmentation, objects.report):
        path = write(made)
        again = dcmread(path)
        for keyword in IDENTITY:
            assert str(again.get(keyword, "")) == str(film.get(keyword, ""))
        (keyword,) = BAD_IDENTITY[name]
        *complaints, summary = dciodvfy(path)
        assert summary == "Error - Dicom dataset contains invalid data values for Value Representations"
        assert complaints
        assert all(again[keyword].name in line for line in complaints)


@pytest.mark.parametrize("name", ODD | BAD_IDENTITY)
def test_no_value_of_the_header_reaches_a_warning_or_a_log(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    analysis = make_analysis(Outcome.PRESENT, received(odd_film(name)))
    analysis = replace(analysis, header=received(odd_film(name))[:0x7FE00000])
    caplog.clear()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        objects = make_result_objects(analysis, ORIGIN, charset="source", overlay=False)
        to_part10(objects.report)

    assert caplog.records == []


@pytest.mark.parametrize("name", CHARSETS)
@pytest.mark.parametrize("charset", ["utf-8", "source"])
def test_names_survive_in_both_character_sets(name: str, charset: Charset, write: Write) -> None:
    film = received(odd_film(name))
    expected = read_source(film).header.PatientName
    objects = make_result_objects(make_analysis(Outcome.ABSENT, film), ORIGIN, charset=charset, overlay=False)

    for made in (objects.segmentation, objects.report):
        again = dcmread(write(made))
        assert again.PatientName == expected
        assert "\ufffd" not in str(again.PatientName)
        if charset == "utf-8":
            assert again.SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.parametrize("name", ["charset Korean", "charset Japanese", "charset Latin 1", "charset Chinese"])
def test_the_films_own_character_set_gives_the_same_bytes(name: str, write: Write) -> None:
    film = received(odd_film(name))
    sent = film.get_item("PatientName").value
    objects = make_result_objects(
        make_analysis(Outcome.PRESENT, film), ORIGIN, charset="source", overlay=False
    )

    again = dcmread(write(objects.report))

    assert again.get_item("PatientName").value == sent
    assert again.SpecificCharacterSet == film.SpecificCharacterSet


def test_what_the_films_own_character_set_lacks_makes_the_result_utf_8(write: Write) -> None:
    film = received(odd_film("charset cp949 undeclared"))
    objects = make_result_objects(
        make_analysis(Outcome.PRESENT, film), ORIGIN, charset="source", overlay=False
    )

    again = dcmread(write(objects.report))

    assert again.SpecificCharacterSet == "ISO_IR 192"
    assert again.PatientName == "똠^방각하"


@pytest.mark.parametrize(
    "keyword", ["SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"]
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_film_that_results_cannot_refer_to_is_refused(keyword: str, value: str | None) -> None:
    film = make_film(rows=16, columns=16, **{keyword: value})

    with pytest.raises(UnsupportedInstance, match=keyword):
        make_result_objects(make_analysis(Outcome.FAILED, film), ORIGIN)


@pytest.mark.parametrize("sop_class", [EnhancedXAImageStorage, SegmentationStorage, "1.2.3.4.5"])
def test_other_sop_classes_are_refused(sop_class: str) -> None:
    with pytest.raises(UnsupportedInstance, match=sop_class.replace(".", r"\.")):
        read_source(make_film(rows=16, columns=16, SOPClassUID=sop_class))


@pytest.mark.parametrize("name", ODD | BAD_IDENTITY)
def test_the_library_that_builds_the_objects_never_sees_the_patient(name: str) -> None:
    film = read_source(received(odd_film(name))).stand_in()

    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "AccessionNumber", "StudyID"):
        assert not film[keyword].value
    assert not {"OtherPatientIDsSequence", "IssuerOfPatientID", "PatientAge", "StudyDescription"} & {
        *film.dir()
    }


def test_the_received_header_is_left_as_it_was() -> None:
    film = received(odd_film("request"))
    before = film.to_json()

    make_result_objects(make_analysis(Outcome.PRESENT, received(odd_film("request"))), ORIGIN)
    read_source(film)

    assert film.to_json() == before


def test_incomplete_items_of_sequences_are_left_out() -> None:
    header = read_source(received(odd_film("other patient IDs"))).header

    assert [item.PatientID for item in header.OtherPatientIDsSequence] == ["OLD1"]
    assert "ProcedureCodeSequence" not in read_source(odd_film("procedure code without meaning")).header
    assert "RequestAttributesSequence" not in read_source(odd_film("request empty")).header


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("20240301", "20240301"),
        ("2024.03.01", "20240301"),
        ("2024-03-01", "20240301"),
        ("2024-0301", ""),
        ("20240231", ""),
        ("00000000", ""),
        ("", ""),
    ],
)
def test_dates_are_repaired_or_dropped(sent: str, meant: str) -> None:
    assert clean_date(sent) == meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("07:30:00", "073000"), ("0730", "0730"), ("073000.123", "073000.123"), ("253000", ""), ("7:30", "")],
)
def test_times_are_repaired_or_dropped(sent: str, meant: str) -> None:
    assert clean_time(sent) == meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [("+0900", "+0900"), ("-0330", "-0330"), ("-0000", "+0000"), ("+1500", ""), ("-1230", ""), ("KST", "")],
)
def test_offsets_from_utc_are_checked(sent: str, meant: str) -> None:
    assert clean_utc_offset(sent) == meant


@pytest.mark.parametrize("keyword", CLEANERS)
@pytest.mark.parametrize("sent", ["", "\\", "   ", "홍", "\x00\x01", "-", "9" * 40, "\\\\\\"])
def test_no_value_breaks_a_cleaner_and_cleaning_twice_changes_nothing(keyword: str, sent: str) -> None:
    once = CLEANERS[keyword](sent)

    assert CLEANERS[keyword](once) == once


def test_rows_and_columns_are_read_from_either_byte_order() -> None:
    film = make_film(rows=16, columns=300)

    assert read_source(received(film)).shape == (16, 300)
    assert read_source(film).shape == (16, 300)
    assert read_source(Dataset({**film[:0x00280000]})).shape is None
