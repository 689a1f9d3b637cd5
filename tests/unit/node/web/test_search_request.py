"""Queries of searches are understood as PS3.18 8.3.4 writes them, or refused in words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import WebRefused
from node.web.inquiry import read_query
from node.web.search_request import SearchRequest, read_search
from storage.matching import Item, Level, OneOf, Range, Single, Wildcard, Words


def read(query: str, level: Level = Level.STUDY) -> SearchRequest:
    return read_search(level, {}, tuple(read_query(query.encode())))


@pytest.mark.parametrize(
    ("query", "keyword", "match"),
    [
        ("PatientID=1", "PatientID", Single("1")),
        ("00100020=1", "PatientID", Single("1")),
        ("PatientName=Kim%2A", "PatientName", Wildcard("Kim*")),
        ("PatientName=Kim+Lee", "PatientName", Single("Kim Lee")),
        ("PatientName=%ED%99%8D%5E%EA%B8%B8%EB%8F%99", "PatientName", Single("홍^길동")),
        ("StudyDate=20260101-", "StudyDate", Range("20260101", None)),
        ("StudyInstanceUID=1.2,1.3", "StudyInstanceUID", OneOf(("1.2", "1.3"))),
        ("StudyInstanceUID=1.2%5C1.3", "StudyInstanceUID", OneOf(("1.2", "1.3"))),
        ("ModalitiesInStudy=CR,DX", "ModalitiesInStudy", OneOf(("CR", "DX"))),
        ("AccessionNumber=a,b", "AccessionNumber", Single("a,b")),
    ],
)
def test_attributes_are_matched(query: str, keyword: str, match: object) -> None:
    request = read(query)

    assert request.matches == {keyword: match}
    assert keyword in request.fields


def test_what_matches_everything_is_only_returned() -> None:
    request = read("PatientName=&PatientID=*")

    assert request.matches == {}
    assert request.fields == {"PatientName", "PatientID"}


def test_options_are_no_attributes() -> None:
    fields = "includefield=StudyDescription,00100030&includefield=PatientAge"
    request = read(f"limit=5&offset=10&FuzzyMatching=true&{fields}")

    assert (request.limit, request.offset, request.is_fuzzy) == (5, 10, True)
    assert request.fields == {"StudyDescription", "PatientBirthDate", "PatientAge"}


def test_items_of_sequences_are_matched_together() -> None:
    query = "RequestAttributesSequence.ScheduledProcedureStepID=S1&00400275.00401001=R1"
    item = Item({"ScheduledProcedureStepID": Single("S1"), "RequestedProcedureID": Single("R1")})

    assert read(query, Level.SERIES).matches == {"RequestAttributesSequence": item}


def test_names_match_by_their_words_when_asked_wherever_that_is_said() -> None:
    assert read("PatientName=gil&fuzzymatching=true").matches == {"PatientName": Words(("gil",))}


def test_attributes_of_lower_levels_are_matched_too() -> None:
    assert read("Manufacturer=x").matches == {"Manufacturer": Single("x")}


def test_what_cannot_be_matched_is_told() -> None:
    request = read("PatientComments=y&00091001=z&OtherPatientIDsSequence.PatientID=2&PatientID=1")

    assert request.matches == {"PatientID": Single("1")}
    assert sorted(request.ignored) == [
        "OtherPatientIDsSequence.PatientID",
        "PatientComments",
        "a private attribute",
    ]


@pytest.mark.parametrize(
    "query",
    [
        "Nonsense=1", "limit=-1", "limit=a", "offset=1.5", "fuzzymatching=maybe", "StudyDate=yesterday",
        "PatientID=1&PatientID=2", "limit=1&limit=2", "includefield=Nonsense", "%ff=1",
        "a.b=1", "=1",
    ],
)  # fmt: skip
def test_what_is_no_query_is_refused(query: str) -> None:
    with pytest.raises(WebRefused) as refusal:
        read(query)
    assert refusal.value.status == 400


def test_a_query_that_is_too_long_is_refused() -> None:
    with pytest.raises(WebRefused) as refusal:
        read("PatientID=" + "1" * 20_000)
    assert refusal.value.status == 414


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_query_is_answered_or_refused(name: str, value: str) -> None:
    for level in (Level.STUDY, Level.SERIES, Level.IMAGE):
        with suppress(WebRefused):
            read_search(level, {}, ((name, value), ("PatientName", value), ("StudyDate", value)))
