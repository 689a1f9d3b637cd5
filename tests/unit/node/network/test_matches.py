import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import IdentifierRefused
from node.network.matches import read_match
from storage.matching import OneOf, Range, Single, Wildcard

DATES = st.dates().map(lambda date: date.strftime("%Y%m%d").zfill(8))
TIMES = st.times().map(lambda time: time.strftime("%H%M%S"))


@pytest.mark.parametrize(
    ("keyword", "text", "match"),
    [
        ("PatientID", "", None),
        ("PatientID", "  ", None),
        ("PatientID", "*", None),
        ("PatientID", "**", None),
        ("StudyInstanceUID", "*", None),
        ("StudyDate", "*", None),
        ("PatientID", " P1 ", Single("P1")),
        ("PatientName", "Kim^A*", Wildcard("Kim^A*")),
        ("PatientName", "?im", Wildcard("?im")),
        ("StudyInstanceUID", "1.2\\1.3", OneOf(("1.2", "1.3"))),
        ("StudyInstanceUID", "1.2\\", OneOf(("1.2",))),
        ("StudyInstanceUID", "\\", None),
        ("SeriesNumber", " 01 ", Single("1")),
        ("SeriesNumber", "+3", Single("3")),
        ("StudyTime", "101530.25", Single("101530.25")),
        ("StudyTime", "10:15", Single("1015")),
        ("StudyTime", "0700-0800", Range("0700", "0800")),
        ("StudyDate", " 20260101 - 20260102 ", Range("20260101", "20260102")),
        ("StudyDate", "1999.12.31-", Range("19991231", None)),
    ],
)
def test_values_are_understood(keyword, text, match):
    assert read_match(keyword, text) == match


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("SeriesNumber", "1*"),
        ("SeriesNumber", "one"),
        ("StudyInstanceUID", "1.2.?"),
        ("StudyDate", "2026"),
        ("StudyDate", "20260101-20260102-20260103"),
        ("StudyTime", "24"),
        ("StudyTime", "1260"),
        ("StudyTime", "101530.1234567"),
        ("SeriesNumber", "inf"),
        ("SeriesNumber", "nan"),
    ],
)
def test_what_does_not_fit_its_vr_is_refused_with_the_keyword(keyword, text):
    with pytest.raises(IdentifierRefused, match=re.escape(keyword)) as refused:
        read_match(keyword, text)
    assert refused.value.status == 0xA900
    assert text not in str(refused.value)


@given(low=st.none() | DATES, high=st.none() | DATES)
def test_every_range_of_dates_is_read_as_it_is_written(low, high):
    if low is None and high is None:
        return
    assert read_match("StudyDate", f"{low or ''}-{high or ''}") == Range(low, high)


@given(low=TIMES, high=TIMES)
def test_every_range_of_times_is_read_as_it_is_written(low, high):
    assert read_match("StudyTime", f"{low}-{high}") == Range(low, high)


KEYWORDS = st.sampled_from(["PatientName", "StudyDate", "StudyTime", "SeriesNumber"])


@given(text=st.text(max_size=60), keyword=KEYWORDS)
def test_any_text_is_understood_or_refused(text, keyword):
    match, comment = None, ""
    try:
        match = read_match(keyword, text)
    except IdentifierRefused as refused:
        comment = str(refused)
    assert match is None or isinstance(match, Single | OneOf | Wildcard | Range)
    assert len(comment) <= 64
