"""Attributes are named as DICOM names them, and their values are compared as what they are."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.config.tags import comparable, is_within, parse_tag

WEIGHT, BIRTH, AGE, TIME, MOMENT = (
    parse_tag(name)[0]
    for name in ("PatientWeight", "PatientBirthDate", "PatientAge", "StudyTime", "AcquisitionDateTime")
)
numbers = st.decimals(-10000, 10000, places=3).map(str)
days = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("PatientID", (0x00100020,)),
        ("(0010,0020)", (0x00100020,)),
        ("0010,0020", (0x00100020,)),
        ("00100020", (0x00100020,)),
        ("(0019,10ab)", (0x001910AB,)),
        ("RequestAttributesSequence.AccessionNumber", (0x00400275, 0x00080050)),
        ("(0040,0275).(0008,0050)", (0x00400275, 0x00080050)),
    ],
)
def test_a_tag_is_read_in_each_of_its_spellings(text: str, path: tuple[int, ...]) -> None:
    assert parse_tag(text) == path


@given(numbers, numbers, numbers)
def test_numbers_are_compared_as_numbers(value: str, low: str, high: str) -> None:
    assert is_within(WEIGHT, value, low, high) is (float(low) <= float(value) <= float(high))
    assert is_within(WEIGHT, value, low, None) is (float(low) <= float(value))
    assert is_within(WEIGHT, value, None, high) is (float(value) <= float(high))


@given(days, days, days)
def test_dates_are_compared_as_dates_however_they_are_written(value: date, low: date, high: date) -> None:
    bounds = f"{low:%Y-%m-%d}", f"{high:%Y%m%d}"
    for written in (f"{value:%Y%m%d}", f"{value:%Y.%m.%d}", f"{value:%Y-%m-%d}"):
        assert is_within(BIRTH, written, *bounds) is (low <= value <= high)


@given(days, days)
def test_a_year_or_month_as_a_bound_stands_for_all_its_days(value: date, bound: date) -> None:
    month = f"{bound:%Y%m}"
    within = (value.year, value.month) <= (bound.year, bound.month)
    assert is_within(BIRTH, f"{value:%Y%m%d}", None, month) is within


@pytest.mark.parametrize(
    ("age", "is_young"), [("003D", True), ("004W", True), ("029D", False), ("001M", False), ("000Y", True)]
)
def test_ages_are_compared_in_days(age: str, is_young: bool) -> None:
    assert is_within(AGE, age, None, "028D") is is_young


def test_times_and_moments_have_fractions_and_offsets() -> None:
    assert is_within(TIME, "073000.5", "07:30", "0730")
    assert is_within(MOMENT, "20240302073000.5+0900", "20240302", "2024030207")
    assert not is_within(MOMENT, "20240302083000-0500", None, "2024030207")


@given(st.sampled_from([WEIGHT, BIRTH, AGE, TIME, MOMENT]), st.text(max_size=12))
def test_no_text_breaks_a_comparison(tag: int, text: str) -> None:
    if comparable(tag, text) is None:
        assert not is_within(tag, text, None, None)
