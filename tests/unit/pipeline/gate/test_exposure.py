"""Which images show one exposure, and which of them stands for it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import DigitalXRayImageStorageForProcessing

from pipeline.gate import GateSettings
from pipeline.gate.exposure import EXPOSURE_KEYWORDS, Exposure, is_same_exposure, read_exposure
from tests.support.films import make_film


def exposure(**header: Any) -> Exposure:
    return read_exposure(make_film(rows=16, columns=16, **header), GateSettings())


def source(*uids: str) -> list[Dataset]:
    items = [Dataset() for _ in uids]
    for item, uid in zip(items, uids, strict=True):
        item.ReferencedSOPInstanceUID = uid
    return items


def same(one: Exposure, other: Exposure) -> bool:
    found = is_same_exposure(one, "1.1", other, "1.2")
    assert is_same_exposure(other, "1.2", one, "1.1") is found
    return found


NEITHER_DATE = {"AcquisitionDate": None, "AcquisitionTime": None}


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        ({"AcquisitionDateTime": "20240302073000.120000+0900"}, "20240302073000.12"),
        ({"AcquisitionDateTime": "20240302"}, "20240302073000"),
        ({"AcquisitionTime": "073000.500"}, "20240302073000.5"),
        ({"AcquisitionTime": "0730"}, ""),
        ({"AcquisitionTime": "000000"}, ""),
        (NEITHER_DATE, ""),
    ],
)
def test_a_moment_is_known_to_the_second_or_not_at_all(header: dict[str, Any], moment: str) -> None:
    assert exposure(**header).moment == moment


RAW = {"sop_class": DigitalXRayImageStorageForProcessing, "PresentationIntentType": "FOR PROCESSING"}
TUBE = {"ImageType": ["DERIVED", "PRIMARY", "", "TUBE"]}


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ({}, RAW, True),
        ({}, TUBE, True),
        ({}, {"SeriesDescription": "Bone suppressed"}, True),
        ({}, RAW | {"AcquisitionTime": "073001"}, False),
        ({}, RAW | {"ViewPosition": "LL"}, False),
        ({}, {}, False),  # two films of one second with nothing else in common may be two exposures
        ({"AcquisitionNumber": 3}, {"AcquisitionNumber": 3}, True),
        ({"AcquisitionNumber": 3}, RAW | {"AcquisitionNumber": 4}, False),
        ({"KVP": "55", "Exposure": 1}, {"KVP": "55", "Exposure": 1}, True),
        ({"KVP": "55", "Exposure": 1}, RAW | {"KVP": "60"}, False),
        ({"AcquisitionTime": "073000.25"}, {"AcquisitionTime": "073000.250"}, True),
        ({"AcquisitionTime": "073000.25"}, RAW | {"AcquisitionTime": "073000.75"}, False),
        ({"AcquisitionTime": "073000.25"}, RAW, True),
        ({"IrradiationEventUID": "2.25.1"}, {"IrradiationEventUID": "2.25.1", **NEITHER_DATE}, True),
        ({"IrradiationEventUID": "2.25.1"}, RAW | {"IrradiationEventUID": "2.25.2"}, False),
        ({"SourceImageSequence": source("1.2")}, NEITHER_DATE, True),
        ({"SourceImageSequence": source("9", "8")}, {"SourceImageSequence": source("7", "8")}, True),
        ({"SourceImageSequence": source("9")}, NEITHER_DATE, False),
        (NEITHER_DATE, RAW | NEITHER_DATE, False),
    ],
)
def test_what_shows_that_two_images_are_of_one_exposure(
    one: dict[str, Any], other: dict[str, Any], are_same: bool
) -> None:
    assert same(exposure(**one), exposure(**other)) is are_same


def test_the_original_for_presentation_comes_first() -> None:
    ranked = [
        exposure(ImageType=["ORIGINAL", "PRIMARY"]),
        exposure(ImageType=["ORIGINAL", "PRIMARY"], InstanceNumber=2),
        exposure(ImageType=["ORIGINAL", "PRIMARY"], SeriesNumber=2),
        exposure(ImageType=["DERIVED", "PRIMARY"]),
        exposure(ImageType=["DERIVED", "SECONDARY"]),
        exposure(**RAW),
        exposure(**TUBE),
    ]

    assert [one.rank for one in ranked] == sorted(one.rank for one in ranked)
    assert [one.is_by_product for one in ranked] == [False] * 5 + [True] * 2


def test_the_keywords_are_all_that_is_read() -> None:
    film = make_film(rows=16, columns=16, KVP="55", SourceImageSequence=source("1.2"), **TUBE)
    part = Dataset()
    for keyword in EXPOSURE_KEYWORDS:
        if keyword in film:
            part[keyword] = film[keyword]

    assert read_exposure(part, GateSettings()) == read_exposure(film, GateSettings())


def test_facts_come_back_from_json() -> None:
    import json

    one = exposure(KVP="55", SourceImageSequence=source("1.2"))

    assert Exposure.from_facts(json.loads(json.dumps(one.as_facts()))) == one
    assert Exposure.from_facts({}) == Exposure()


values = st.sampled_from(["", "x", "y", "12"])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "ImageType": st.lists(values, max_size=4),
            "AcquisitionDateTime": values,
            "AcquisitionTime": values,
            "ViewPosition": values,
        },
    )
)
def test_no_header_breaks_it(header: dict[str, Any]) -> None:
    film = Dataset()
    for keyword, value in header.items():
        setattr(film, keyword, value)

    assert read_exposure(film, GateSettings()).moment == ""
