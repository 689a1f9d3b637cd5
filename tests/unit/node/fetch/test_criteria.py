"""What a campaign takes of what a PACS answers."""

from datetime import date

import pytest
from pydicom import Dataset

from node.fetch.criteria import Criteria, age_in_days, is_keyword

DAY = date(2026, 1, 1)


def answer(**attributes):
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("attributes", "days"),
    [
        ({"PatientBirthDate": "20260101", "StudyDate": "20260103"}, 2),
        ({"PatientBirthDate": "20260101", "StudyDate": "20260103", "PatientAge": "009Y"}, 2),
        ({"PatientBirthDate": "20260105", "StudyDate": "20260103", "PatientAge": "004D"}, 4),
        ({"PatientAge": "002W"}, 14),
        ({"PatientAge": "001Y"}, 365.25),
        ({"PatientBirthDate": "", "StudyDate": "20260103", "PatientAge": ""}, None),
        ({"PatientAge": "newborn"}, None),
        ({"PatientBirthDate": "1.1.2026", "StudyDate": "20260103"}, None),
        ({}, None),
    ],
)
def test_ages_are_told_as_well_as_they_are_known(attributes, days):
    assert age_in_days(answer(**attributes)) == days


@pytest.mark.parametrize(
    ("series", "is_taken"),
    [
        ({"Modality": "DX", "BodyPartExamined": "CHEST"}, True),
        ({"Modality": "dx", "BodyPartExamined": "chest "}, True),
        ({"Modality": "DX", "BodyPartExamined": ""}, True),
        ({"Modality": "DX"}, True),
        ({}, True),
        ({"Modality": "US", "BodyPartExamined": "CHEST"}, False),
        ({"Modality": "CR", "BodyPartExamined": "HAND"}, False),
    ],
)
def test_series_are_taken_unless_they_are_known_not_to_fit(series, is_taken):
    criteria = Criteria(DAY, modalities=("CR", "DX"), body_parts=("CHEST",))
    assert criteria.takes_series(answer(**series)) is is_taken


def test_studies_are_taken_unless_the_patient_is_known_to_be_too_old():
    newborns = Criteria(DAY, max_age_days=28)
    assert newborns.takes_study(answer(PatientAge="028D"))
    assert newborns.takes_study(answer())
    assert not newborns.takes_study(answer(PatientAge="029D"))
    assert Criteria(DAY).takes_study(answer(PatientAge="080Y"))


def test_keys_go_to_the_level_that_they_belong_to():
    keys = {
        "PatientID": "A",
        "StudyDescription": "x",
        "StationName": "s",
        "ViewPosition": "AP",
        "OtherPatientIDs": "o",
    }
    criteria = Criteria(DAY, keys=keys)
    assert set(criteria.study_keys) == {"PatientID", "StudyDescription", "OtherPatientIDs"}
    assert criteria.series_keys == {"StationName": "s"}
    assert criteria.image_keys == {"ViewPosition": "AP"}


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("PatientID", True), ("", False), ("NoKey", False), ("RequestAttributesSequence", False)],
)
def test_keys_are_keywords_of_single_values(text, is_one):
    assert is_keyword(text) is is_one


@pytest.mark.parametrize(
    ("criteria", "words"),
    [
        (Criteria(DAY), "from 2026-01-01 on, CR/DX"),
        (
            Criteria(DAY, date(2026, 2, 1), (), ("CHEST",), 28, {"StudyID": "7"}),
            "from 2026-01-01 to 2026-02-01, any modality, body part CHEST, at most 28 days old, StudyID=7",
        ),
    ],
)
def test_it_is_said_in_words(criteria, words):
    assert criteria.in_words == words
