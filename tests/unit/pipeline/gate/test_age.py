from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from pipeline.gate import GateSettings
from pipeline.gate.age import judge_age
from pipeline.values import Verdict

SETTINGS = GateSettings()
YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


def verdict(settings: GateSettings = SETTINGS, **attributes: Any) -> Verdict:
    header = Dataset()
    for keyword, value in attributes.items():
        header.add_new(
            keyword, {"PatientAge": "LO"}.get(keyword, "DS" if isinstance(value, float) else "LO"), value
        )
    return judge_age(header, settings).verdict


@given(born=st.dates(date(1950, 1, 1), date(2040, 1, 1)), days=st.integers(0, 400), limit=st.integers(0, 365))
def test_dates_decide_to_the_day(born: date, days: int, limit: int) -> None:
    taken = born + timedelta(days=days)

    decided = verdict(
        replace(SETTINGS, max_age_days=limit),
        PatientBirthDate=f"{born:%Y%m%d}",
        AcquisitionDate=f"{taken:%Y%m%d}",
        PatientAge="030Y",
    )

    assert decided == (YES if days <= limit else NO)


def test_the_acquisition_date_comes_before_the_study_date() -> None:
    dates = {"PatientBirthDate": "20240301", "StudyDate": "20250301"}

    assert verdict(**dates, AcquisitionDate="20240302") == YES
    assert verdict(**dates, AcquisitionDateTime="20240302101112.5+0900") == YES
    assert verdict(**dates) == NO


@pytest.mark.parametrize(
    ("birth", "taken"),
    [
        ("19000101", "20240302"),
        ("18000101", "20240302"),
        ("20240303", "20240302"),
        ("20240230", "20240302"),
        ("00000000", "20240302"),
        ("10110101", "20240302"),
        ("", "20240302"),
        ("20240301", "2024"),
        ("2024-03-01", "20240302"),
        ("٢٠٢٤٠٣٠١", "20240302"),
    ],
)
def test_placeholders_and_impossible_dates_leave_it_to_the_age_string(birth: str, taken: str) -> None:
    dates = {"PatientBirthDate": birth, "StudyDate": taken}

    assert verdict(**dates, PatientAge="003D") == YES
    assert verdict(**dates, PatientAge="030Y") == NO
    assert verdict(**dates) == UNKNOWN


def test_dates_with_dots_are_dates() -> None:
    assert verdict(PatientBirthDate="2024.03.01", StudyDate="2024.03.02") == YES


@pytest.mark.parametrize(
    ("age", "decided"),
    [
        ("000D", YES),
        ("028D", YES),
        ("029D", NO),
        ("28d", YES),
        ("004W", YES),
        ("005W", NO),
        ("000M", YES),
        ("001M", UNKNOWN),
        ("002M", NO),
        ("000Y", UNKNOWN),
        ("001Y", NO),
        ("005Y", NO),
        ("81", NO),
        ("3", UNKNOWN),
        ("", UNKNOWN),
        ("newborn", UNKNOWN),
        ("1000D", UNKNOWN),
        ("-01D", UNKNOWN),
    ],
)
def test_age_strings_with_the_limit_of_28_days(age: str, decided: Verdict) -> None:
    assert verdict(PatientAge=age) == decided


@pytest.mark.parametrize(("age", "decided"), [("002M", YES), ("003M", UNKNOWN), ("004M", NO), ("012W", YES)])
def test_age_strings_with_the_limit_of_90_days(age: str, decided: Verdict) -> None:
    assert verdict(replace(SETTINGS, max_age_days=90), PatientAge=age) == decided


@pytest.mark.parametrize(
    ("body", "decided"),
    [
        ({"PatientWeight": 3.2}, YES),
        ({"PatientWeight": 850.0}, YES),
        ({"PatientWeight": 3200.0}, YES),
        ({"PatientWeight": 12.0}, NO),
        ({"PatientWeight": 130.0}, NO),
        ({"PatientWeight": 0.0}, UNKNOWN),
        ({"PatientSize": 0.5}, YES),
        ({"PatientSize": 48.0}, YES),
        ({"PatientSize": 1.7}, NO),
        ({"PatientSize": 170.0}, NO),
        ({"PatientSize": 0.0}, UNKNOWN),
        ({"PatientWeight": 3.2, "PatientSize": 1.7}, NO),
    ],
)
def test_weight_and_length_count_where_no_age_is_known(body: dict[str, float], decided: Verdict) -> None:
    assert verdict(**body) == decided
    assert verdict(PatientAge="002D", **body) == YES
    assert verdict(PatientAge="005Y", **body) == NO


def test_an_unclear_age_is_decided_by_the_weight() -> None:
    assert verdict(PatientAge="000Y", PatientWeight=1.2) == YES
    assert verdict(PatientAge="001M", PatientWeight=9.5) == NO


def test_no_birth_date_stands_in_the_verdict() -> None:
    header = Dataset()
    header.PatientBirthDate, header.StudyDate = "20240301", "20240302"

    assert "2024" not in judge_age(header, SETTINGS).detail
