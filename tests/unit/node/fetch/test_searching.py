"""A search is split until the PACS gives all, and the parts are together what was asked for."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from node.errors import QueryCutShort
from node.fetch.criteria import Criteria
from node.fetch.searching import Portion, find_studies

DAY = date(2026, 1, 1)
DAYS = st.integers(0, 400).map(lambda days: DAY + timedelta(days=days))


def minutes(portion):
    """List every minute of a portion."""
    days = (portion.last_day - portion.first_day).days + 1
    return [
        (portion.first_day + timedelta(days=day), minute)
        for day in range(days)
        for minute in range(portion.first_minute, portion.last_minute + 1)
    ]


@given(first=DAYS, length=st.integers(0, 20), low=st.integers(0, 1439), span=st.integers(0, 1439))
def test_two_halves_are_the_whole_and_share_nothing(first, length, low, span):
    portion = Portion(first, first + timedelta(days=length))
    if not length:
        portion = Portion(first, first, low, min(1439, low + span))
    halves = portion.halves()
    if halves is None:
        assert portion.first_day == portion.last_day
        assert len(minutes(portion)) <= 15
    else:
        assert minutes(halves[0]) + minutes(halves[1]) == minutes(portion)


def test_portions_are_written_as_ranges():
    assert Portion(DAY, DAY).keys() == {"StudyDate": "20260101"}
    assert Portion(DAY, date(2026, 1, 7)).keys() == {"StudyDate": "20260101-20260107"}
    assert Portion(DAY, DAY, 60, 119).keys() == {
        "StudyDate": "20260101",
        "StudyTime": "010000-015959.999999",
    }


class Archive:
    """Answers queries as a PACS does that gives a limited number of matches."""

    def __init__(self, studies, limit, *, says_so):
        self.studies = studies
        self.limit = limit
        self.says_so = says_so
        self.asked = 0

    def find(self, identifier):
        self.asked += 1
        low, _, high = str(identifier.StudyDate).partition("-")
        times = str(identifier.get("StudyTime") or "").partition("-")
        found = [
            study
            for study in self.studies
            if low <= study.StudyDate <= (high or low)
            and (not times[2] or (study.StudyTime and times[0] <= study.StudyTime <= times[2]))
        ]
        yield from found[: self.limit]
        if self.says_so and len(found) > self.limit:
            raise QueryCutShort("too many")


def study(number, moment, has_time=True):
    dataset = Dataset()
    dataset.StudyInstanceUID = f"1.2.{number}"
    dataset.StudyDate = f"{moment:%Y%m%d}"
    dataset.StudyTime = f"{moment:%H%M%S}" if has_time else ""
    return dataset


@pytest.mark.parametrize(("limit", "says_so"), [(10, True), (50, False), (100, False)])
def test_every_study_is_found_in_spite_of_a_limit(limit, says_so):
    begin = datetime(2026, 1, 1)  # noqa: DTZ001 - as a PACS dates its studies
    studies = [study(number, begin + timedelta(minutes=7 * number)) for number in range(600)]
    archive = Archive(studies, limit, says_so=says_so)
    found = find_studies(archive, Criteria(DAY, modalities=("DX",)), Portion(DAY, date(2026, 1, 7)))
    assert set(found) == {each.StudyInstanceUID for each in studies}
    assert archive.asked < 200


def test_few_answers_are_asked_for_once():
    archive = Archive([study(1, datetime(2026, 1, 2))], 100, says_so=True)  # noqa: DTZ001
    find_studies(archive, Criteria(DAY, modalities=()), Portion(DAY, date(2026, 1, 7)))
    assert archive.asked == 1


def test_a_study_without_a_time_is_found_with_its_day():
    begin = datetime(2026, 1, 1, 8)  # noqa: DTZ001
    studies = [study(0, begin, has_time=False)]
    studies += [study(number, begin + timedelta(minutes=number)) for number in range(1, 50)]
    found = find_studies(Archive(studies, 50, says_so=False), Criteria(DAY, modalities=()), Portion(DAY, DAY))
    assert len(found) == 50


def test_a_limit_within_a_quarter_of_an_hour_is_told():
    begin = datetime(2026, 1, 1, 8)  # noqa: DTZ001
    studies = [study(number, begin + timedelta(seconds=number)) for number in range(30)]
    with pytest.raises(QueryCutShort):
        find_studies(Archive(studies, 10, says_so=True), Criteria(DAY, modalities=()), Portion(DAY, DAY))
