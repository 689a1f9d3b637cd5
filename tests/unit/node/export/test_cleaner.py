"""What stays of a film's header, and in which form."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import DataElement, Dataset, dcmread
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag
from pydicom.uid import CTImageStorage, generate_uid

from node.export.cleaner import Cleaner, Disguise, Tally
from node.export.forms import is_of_form
from node.export.profile import profile
from node.export.sitekey import SiteKey
from node.export.treatments import age_string
from tests.support.films import DX, make_film, part10_bytes

ATTACKED = (
    "PatientWeight",
    "StudyDate",
    "ViewCodeSequence",
    "SOPInstanceUID",
    "BodyPartExamined",
    "SeriesNumber",
)
KEPT = sorted(profile())
OTHERS = sorted(tag for tag in DicomDictionary if tag not in profile() and 0x0008_0000 < tag < 0x7FE0_0000)
DISGUISE = Disguise.of(SiteKey(b"k" * 32), "id\x1f\x1fP1")


def clean(age: str = "001D", tally: Tally | None = None, **header: Any) -> Dataset:
    film = dcmread(BytesIO(part10_bytes(make_film(rows=8, columns=8, sop_class=DX, **header))))
    return Cleaner(DISGUISE, age, Counter() if tally is None else tally).clean(film)


def code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def test_the_signal_of_a_newborn_stays() -> None:
    cleaned = clean(PatientWeight="1.25", PatientSize="0.39", PatientSex="M", KVP="58")

    assert (cleaned.PatientAge, cleaned.PatientSex) == ("001D", "M")
    assert (cleaned.PatientWeight, cleaned.PatientSize, cleaned.KVP) == (1.25, 0.39, 58)
    assert cleaned.ImagerPixelSpacing == [0.1, 0.1]


def test_who_and_where_does_not_stay() -> None:
    cleaned = clean(InstitutionName="A", OperatorsName="B^C", StationName="D", StudyDescription="E")

    assert not {"InstitutionName", "OperatorsName", "StationName", "StudyDescription"} & set(cleaned.dir())
    assert cleaned.PatientName == cleaned.PatientID == DISGUISE.patient_id
    assert not cleaned.PatientBirthDate
    assert not cleaned.AccessionNumber


def test_dates_keep_their_distance_and_times_their_hour() -> None:
    cleaned = clean(StudyDate="20240302", AcquisitionDate="20240305", AcquisitionTime="235959.123456")

    days = [date.fromisoformat(str(day)) for day in (cleaned.StudyDate, cleaned.AcquisitionDate)]
    assert (days[1] - days[0]).days == 3
    assert cleaned.StudyDate != "20240302"
    assert cleaned.AcquisitionTime == "230000"


@pytest.mark.parametrize("wrong", ["2024", "20240230", "yesterday", "00010101", "20240302-20240303", ""])
def test_a_date_that_is_none_is_emptied_and_the_rest_stays(wrong: str) -> None:
    film = make_film(rows=8, columns=8)
    film.add_new("StudyDate", "LO", wrong)
    cleaned = Cleaner(DISGUISE, "", Counter()).clean(film)

    assert str(cleaned.StudyDate or "") in ("", f"{date(2024, 3, 2) + DISGUISE.shift:%Y%m%d}")
    assert cleaned.Modality == "CR"


def test_a_term_that_is_none_is_left_out_and_the_others_keep_their_place() -> None:
    cleaned = clean(ImageType=["DERIVED", "PRIMARY", "KIM", "POST_PROCESSED"], ViewPosition="DR LEE")

    assert cleaned.ImageType == ["DERIVED", "PRIMARY", "", "POST_PROCESSED"]
    assert not cleaned.ViewPosition


def test_a_code_is_kept_with_the_meaning_of_the_standard() -> None:
    views = [code("399348003", "SCT", "AP by Dr Lee"), code("KIM-1", "99KIM", "Kim's view")]
    (view,) = clean(ViewCodeSequence=views).ViewCodeSequence

    assert (view.CodeValue, view.CodeMeaning) == ("399348003", "antero-posterior")


def test_an_old_code_becomes_its_present_equal() -> None:
    (region,) = clean(AnatomicRegionSequence=[code("T-D3000", "SRT", "Thorax")]).AnatomicRegionSequence

    assert region.CodingSchemeDesignator == "SCT"


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("Exposure", "12", "12"),
        ("Sensitivity", "8601021234567", None),
        ("Sensitivity", "200.86010212345", "200.86"),
        ("Sensitivity", "NaN", None),
    ],
)
def test_numbers_have_the_size_of_measurements(keyword: str, value: str, expected: str | None) -> None:
    film = make_film(rows=8, columns=8)
    film.add_new(keyword, "LO", value)
    kept = Cleaner(DISGUISE, "", Counter()).clean(film)[keyword]

    assert (None if kept.is_empty else str(kept.value)) == expected


def test_numbers_that_only_count_are_replaced_and_alike_stay_alike() -> None:
    for keyword in ("SeriesNumber", "AcquisitionNumber", "InstanceNumber"):
        made = [clean(**{keyword: number})[keyword].value for number in ("860102", "860102", "860103")]
        assert made[0] == made[1] != made[2]
        assert all(1 <= number <= 9999 for number in made)
        assert clean(**{keyword: ""})[keyword].is_empty


def test_a_known_vendor_stays_and_the_owner_of_the_device_does_not() -> None:
    cleaned = clean(Manufacturer="FUJIFILM Corporation, Kim Clinic", ManufacturerModelName="Kim's own")
    unknown = clean(Manufacturer="Kim Clinic")

    assert cleaned.Manufacturer == "Fujifilm"
    assert cleaned.ManufacturerModelName == DISGUISE.key.name("model", "Kim's own")
    assert unknown.Manufacturer == DISGUISE.key.name("maker", "Kim Clinic")


def test_uids_of_the_standard_stay_and_no_others() -> None:
    private = generate_uid()
    cleaned = clean(SOPClassUID=CTImageStorage, StudyInstanceUID=private)

    assert cleaned.SOPClassUID == CTImageStorage
    assert cleaned.StudyInstanceUID == DISGUISE.key.uid(private)
    assert not clean(SOPClassUID="1.2.840.10008.8601021234567").SOPClassUID


def test_what_was_done_is_counted_without_values() -> None:
    tally: Tally = Counter()
    film = make_film(rows=8, columns=8, InstitutionName="Kim Clinic")
    block = film.private_block(0x0011, "KIM", create=True)
    block.add_new(1, "LO", "Kim")
    Cleaner(DISGUISE, "001D", tally).clean(film)

    assert tally["InstitutionName", "removed"] == 1
    assert tally["(private)", "removed"] == 2
    assert tally["StudyDate", "changed"] == 1
    assert tally["Rows", "changed"] == 0
    assert "kim" not in str(tally).lower()


@given(
    st.binary(max_size=40),
    st.sampled_from(["US", "DS", "DA", "SQ", "UI", "UN", "OB", "PN", "CS", "IS", None]),
)
def test_no_value_of_any_vr_raises_or_stays(value: bytes, vr: str | None) -> None:
    header = make_film(rows=8, columns=8)[:0x7FE00000]
    for keyword in ATTACKED:
        tag = Tag(keyword)
        header[tag] = RawDataElement(
            tag, vr, len(value), value, 0, is_implicit_VR=vr is None, is_little_endian=True
        )
    cleaned = Cleaner(DISGUISE, "001D", Counter()).clean(header)

    assert cleaned.PatientID == DISGUISE.patient_id
    assert all(is_of_form(cleaned[keyword]) for keyword in ATTACKED)


def elements(dataset: Dataset) -> Iterator[DataElement]:
    for element in dataset:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from elements(item)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientAge", "\u0660\u0660\u0663D"),
        ("StudyTime", "0\u06673000"),
        ("StudyDate", "\u0662\u0660\u0662\u06640301"),
    ],
)
def test_digits_of_other_alphabets_are_no_digits(keyword: str, value: str) -> None:
    film = make_film(rows=8, columns=8, SpecificCharacterSet="ISO_IR 192")
    film.add_new(keyword, "LO", value)

    assert Cleaner(DISGUISE, age_string(None, value), Counter()).clean(film)[keyword].is_empty


@given(st.dictionaries(st.sampled_from(KEPT) | st.sampled_from(OTHERS), st.binary(max_size=24), max_size=12))
def test_whatever_a_sender_writes_comes_out_in_an_allowed_form(written: dict[int, bytes]) -> None:
    header, item = make_film(rows=8, columns=8)[:0x7FE00000], Dataset()
    header.SegmentSequence = [item]
    for number, value in written.items():
        tag = Tag(number)
        vr = dictionary_VR(tag).split(" or ")[0]
        if vr != "SQ":
            raw = RawDataElement(tag, vr, len(value), value, 0, is_implicit_VR=False, is_little_endian=True)
            header[tag] = item[tag] = raw

    assert [
        e.keyword for e in elements(Cleaner(DISGUISE, "", Counter()).clean(header)) if not is_of_form(e)
    ] == []


@given(
    st.from_regex(r"[1-9][0-9]{0,8}(\.(0|[1-9][0-9]{0,8})){1,6}", fullmatch=True),
    st.sampled_from(["", "\0", " "]),
)
def test_a_uid_becomes_the_same_wherever_it_stands(uid: str, padding: str) -> None:
    film = make_film(rows=8, columns=8)[:0x7FE00000]
    film.SOPInstanceUID = uid
    series, reference = Dataset(), Dataset()
    reference[Tag("ReferencedSOPInstanceUID")] = RawDataElement(
        Tag("ReferencedSOPInstanceUID"), "UI", len(uid), (uid + padding).encode(), 0, False, True
    )
    series.ReferencedInstanceSequence = [reference]
    outline = Dataset()
    outline.ReferencedSeriesSequence = [series]
    cleaner = Cleaner(DISGUISE, "", Counter())
    (series,) = cleaner.clean(outline).ReferencedSeriesSequence
    (reference,) = series.ReferencedInstanceSequence

    assert reference.ReferencedSOPInstanceUID == cleaner.clean(film).SOPInstanceUID == DISGUISE.key.uid(uid)
    assert reference.ReferencedSOPInstanceUID != uid
