"""What hangs below a patient, a study or a series is found whole, in a stable order, and nothing else."""

import pytest
from sqlalchemy import Connection

from storage.matching import Level
from storage.retrieval import instances
from storage.values import Role
from tests.support.ledgers import SEG, add


@pytest.fixture
def filled(connection: Connection) -> Connection:
    """Two patients; the first has two studies, the first study two series and a conflicting variant."""
    add(connection, 1)
    add(connection, 1, SeriesInstanceUID="1.2.3.1.2", SOPInstanceUID="1.2.3.1.2.1", SOPClassUID=SEG)
    add(connection, 1, SOPInstanceUID="1.2.3.1.1.2")
    add(connection, 1, PatientName="Other^Bytes")
    add(connection, 2, PatientID="P1")
    add(connection, 3)
    return connection


def uids(connection: Connection, level: Level, **keys: str | list[str]) -> list[str]:
    given = {keyword: [value] if isinstance(value, str) else value for keyword, value in keys.items()}
    return [found.sop_instance_uid for found in instances(connection, level, given)]


@pytest.mark.parametrize(
    ("level", "keys", "expected"),
    [
        (
            Level.PATIENT,
            {"PatientID": "P1"},
            ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1", "1.2.3.2.1.1"],
        ),
        (Level.STUDY, {"StudyInstanceUID": "1.2.3.1"}, ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1"]),
        (Level.STUDY, {"StudyInstanceUID": ["1.2.3.3", "1.2.3.2"]}, ["1.2.3.2.1.1", "1.2.3.3.1.1"]),
        (Level.STUDY, {"PatientID": "P3", "StudyInstanceUID": "1.2.3.1"}, []),
        (Level.SERIES, {"SeriesInstanceUID": "1.2.3.1.2"}, ["1.2.3.1.2.1"]),
        (Level.IMAGE, {"SOPInstanceUID": ["1.2.3.3.1.1", "1.2.3.1.1.1"]}, ["1.2.3.1.1.1", "1.2.3.3.1.1"]),
        (Level.IMAGE, {"SOPInstanceUID": "1.2.3.9.1.1"}, []),
    ],
)
def test_each_level_gives_what_hangs_below(
    filled: Connection, level: Level, keys: dict[str, str | list[str]], expected: list[str]
) -> None:
    assert uids(filled, level, **keys) == expected


def test_only_the_first_bytes_of_an_instance_are_retrieved(filled: Connection) -> None:
    found = instances(filled, Level.STUDY, {"StudyInstanceUID": ["1.2.3.1"]})

    assert {each.variant for each in found} == {0}
    assert {each.role for each in found} == {Role.SOURCE}


def test_a_list_may_be_longer_than_a_database_takes_parameters(filled: Connection) -> None:
    many = [f"1.2.3.{number}" for number in range(40_000)]

    assert len(uids(filled, Level.STUDY, StudyInstanceUID=many)) == 5


def test_a_missing_or_foreign_key_is_the_callers_error(filled: Connection) -> None:
    with pytest.raises(ValueError, match="StudyInstanceUID is needed at the STUDY level"):
        instances(filled, Level.STUDY, {"PatientID": ["P1"]})
    with pytest.raises(ValueError, match="StudyDate: no unique key"):
        instances(filled, Level.STUDY, {"StudyInstanceUID": ["1"], "StudyDate": ["20240101"]})
