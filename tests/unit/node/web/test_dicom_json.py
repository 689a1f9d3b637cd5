"""Data Sets in the DICOM JSON Model and in XML: the standard's forms, and never an exception."""

import json
from io import BytesIO
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from node.web.dicom_json import ModelMaker, person_name, text_element
from node.web.native_xml import NAMESPACE, to_xml
from tests.support.films import make_film, part10_bytes

BULK = ModelMaker(bulk_uri=lambda path: "/".join(f"{int(step)}" for step in path))


def as_read(dataset: Dataset) -> Dataset:
    """Write a Data Set and read it again, so that its values are as they come in."""
    film = make_film(rows=16, columns=16)
    for element in dataset:
        film[element.tag] = element
    return dcmread(BytesIO(part10_bytes(film)))


def model_of(dataset: Dataset) -> dict[str, dict[str, object]]:
    model = BULK.make(as_read(dataset))
    json.dumps(model, allow_nan=False)
    return model


def of(**values: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("keyword", "value", "tag", "element"),
    [
        ("SeriesNumber", 7, "00200011", {"vr": "IS", "Value": [7]}),
        ("ImagerPixelSpacing", [0.1, 0.25], "00181164", {"vr": "DS", "Value": [0.1, 0.25]}),
        ("ImageType", ["A", "", "B"], "00080008", {"vr": "CS", "Value": ["A", None, "B"]}),
        ("ImageComments", "one\\two", "00204000", {"vr": "LT", "Value": ["one\\two"]}),
        ("AccessionNumber", "", "00080050", {"vr": "SH"}),
        ("SmallestImagePixelValue", 3, "00280106", {"vr": "US", "Value": [3]}),
        ("FrameIncrementPointer", 0x00181063, "00280009", {"vr": "AT", "Value": ["00181063"]}),
        ("EncapsulatedDocument", b"\1\2", "00420011", {"vr": "OB", "InlineBinary": "AQI="}),
        ("EncapsulatedDocument", b"x" * 2000, "00420011", {"vr": "OB", "BulkDataURI": str(0x00420011)}),
        ("EventElapsedTimes", 2.5, "00082130", {"vr": "DS", "Value": [2.5]}),
        ("RecommendedDisplayFrameRateInFloat", float("nan"), "00089459", {"vr": "FL", "Value": ["nan"]}),
    ],
)
def test_values_take_the_form_of_their_vr(keyword: str, value: object, tag: str, element: object) -> None:
    assert model_of(of(**{keyword: value}))[tag] == element


def test_names_are_taken_apart_and_are_unicode_whatever_was_declared() -> None:
    film = make_film(rows=16, columns=16)
    film.SpecificCharacterSet = ["", "ISO 2022 IR 149"]
    film.PatientName = "Hong^Gildong=洪^吉洞=홍^길동"

    model = BULK.make(dcmread(BytesIO(part10_bytes(film))))

    groups = {"Alphabetic": "Hong^Gildong", "Ideographic": "洪^吉洞", "Phonetic": "홍^길동"}
    assert model["00100010"] == {"vr": "PN", "Value": [groups]}
    assert model["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}


def test_a_name_in_an_undeclared_encoding_is_understood() -> None:
    film = make_film(rows=16, columns=16)
    part10 = part10_bytes(film).replace(b"Newborn^Test", "홍^길동".encode("cp949").ljust(12))
    assert len(part10) == len(part10_bytes(film))
    dataset = dcmread(BytesIO(part10))
    dataset.pop("SpecificCharacterSet", None)
    dataset.add_new(0x00100010, "PN", "홍^길동".encode("cp949"))

    assert BULK.make(dataset)["00100010"]["Value"] == [{"Alphabetic": "홍^길동"}]


def test_items_of_sequences_are_models_and_their_bulk_data_has_a_path() -> None:
    item = of(CodeValue="1", EncapsulatedDocument=b"y" * 3000)
    model = model_of(of(RequestAttributesSequence=Sequence([of(CodeValue="0"), item])))

    first, second = model["00400275"]["Value"]  # type: ignore[misc]
    assert first == {"00080100": {"vr": "SH", "Value": ["0"]}}
    path = "/".join(map(str, (0x00400275, 1, 0x00420011)))
    assert second["00420011"] == {"vr": "OB", "BulkDataURI": path}


def test_pixels_are_never_in_the_model() -> None:
    assert model_of(Dataset())["7FE00010"] == {"vr": "OW", "BulkDataURI": str(0x7FE00010)}
    assert "7FE00010" not in ModelMaker().make(as_read(Dataset()))


@given(st.sampled_from(["IS", "DS"]), st.text(max_size=20))
def test_numbers_that_are_none_stay_text(vr: str, text: str) -> None:
    json.dumps(text_element(vr, text), allow_nan=False)


@given(st.binary(max_size=300))
def test_no_bytes_are_too_broken(junk: bytes) -> None:
    head = part10_bytes(make_film(rows=16, columns=16))[:-512]
    try:
        dataset = dcmread(BytesIO(head[: len(head) - 100] + junk), force=True)
    except Exception:  # noqa: BLE001 - what cannot be read at all never comes this far
        return
    model = BULK.make(dataset)
    json.dumps(model, allow_nan=False)
    fromstring(to_xml(model))


@given(st.lists(st.text(st.characters(exclude_characters="=\\"), max_size=8), min_size=1, max_size=3))
def test_a_name_keeps_its_groups(groups: list[str]) -> None:
    assert list(person_name("=".join(groups)).values()) == [group for group in groups if group]


def test_the_xml_says_the_same() -> None:
    charset = "ISO_IR 192"
    dataset = of(
        SpecificCharacterSet=charset,
        PatientName="Kim^Minjun=金^民俊",
        ImageType=["A", "B"],
        ImageComments="<&>\x07",
    )
    dataset.add_new(0x00091001, "LO", "private")
    dataset.add_new(0x00090010, "LO", "MAKER")
    root = fromstring(to_xml(model_of(dataset)))
    by_tag = {each.get("tag"): each for each in root}
    space = f"{{{NAMESPACE}}}"

    name = by_tag["00100010"].find(f"{space}PersonName")
    assert name is not None
    assert name.findtext(f"{space}Ideographic/{space}GivenName") == "民俊"
    assert [each.text for each in by_tag["00080008"]] == ["A", "B"]
    assert by_tag["00080008"].get("keyword") == "ImageType"
    assert by_tag["00204000"].findtext(f"{space}Value") == "<&>"
    assert by_tag["00091001"].get("privateCreator") == "MAKER"
    assert by_tag["7FE00010"].find(f"{space}BulkData").get("uri") == str(0x7FE00010)  # type: ignore[union-attr]
