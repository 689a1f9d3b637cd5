"""Attributes are cleaned so that both databases take them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.attributes import (
    ATTRIBUTES,
    LONGEST_TEXT,
    Comparison,
    IndexedAttribute,
    clean_text,
    to_columns,
    to_number,
)
from storage.matching import Level


@pytest.mark.parametrize(
    ("keyword", "column"),
    [
        ("PatientID", "patient_id"),
        ("IssuerOfPatientID", "issuer_of_patient_id"),
        ("SOPInstanceUID", "sop_instance_uid"),
        ("TimezoneOffsetFromUTC", "timezone_offset_from_utc"),
        ("Rows", "rows"),
    ],
)
def test_a_column_is_the_keyword_in_snake_case(keyword: str, column: str) -> None:
    assert IndexedAttribute(keyword, Level.STUDY).column == column


def test_no_two_attributes_share_a_column() -> None:
    columns = [attribute.column for attribute in ATTRIBUTES]

    assert len(set(columns)) == len(columns)


@given(st.text(alphabet=st.characters(), max_size=3 * LONGEST_TEXT))
def test_cleaned_text_can_be_encoded_and_indexed(text: str) -> None:
    cleaned = clean_text(text)

    assert "\0" not in cleaned
    assert len(cleaned.encode()) <= 4 * LONGEST_TEXT


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, 7),
        ("7", 7),
        (" 7 ", 7),
        ("-7", -7),
        (None, None),
        ("", None),
        ("7.5", None),
        ("x", None),
        (2**31, None),
        (-(2**31), -(2**31)),
        ("9" * 5000, None),
    ],
)
def test_only_whole_numbers_of_the_vr_are_numbers(value: str | int | None, number: int | None) -> None:
    assert to_number(value) == number


@pytest.mark.parametrize("value", [None, "", "  ", "\0"])
def test_empty_values_are_absent(value: str | None) -> None:
    name = IndexedAttribute("PatientName", Level.PATIENT, Comparison.NAME)

    assert set(to_columns(name, value).values()) == {None}
