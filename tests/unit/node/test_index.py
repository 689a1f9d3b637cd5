from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from node.errors import UnreadableDataSet
from node.index import INDEXED_TAGS, index_attributes
from node.network.part10 import file_meta, read_header
from storage.attributes import ATTRIBUTES
from storage.sequences import SOURCE_KEYS
from tests.support.films import CR, encode, make_film, part10_bytes
from tests.support.network import encoded


def read(film):
    return dcmread(BytesIO(part10_bytes(film)))


def test_every_indexed_keyword_is_there():
    assert set(index_attributes(Dataset())) == {attribute.keyword for attribute in ATTRIBUTES} | set(
        SOURCE_KEYS
    )
    assert set(index_attributes(Dataset()).values()) == {None}


def test_a_film_is_indexed_as_read_and_as_made():
    film = make_film(
        rows=64, columns=48, PatientName="Kim^A", InstanceNumber="7", ImageType=["ORIGINAL", "PRIMARY"]
    )
    for dataset in (film, read(film), read(encode(film, ImplicitVRLittleEndian))):
        attributes = index_attributes(dataset)
        assert attributes["PatientName"] == "Kim^A"
        assert attributes["SOPClassUID"] == CR
        assert (attributes["Rows"], attributes["Columns"], attributes["InstanceNumber"]) == (64, 48, 7)
        assert attributes["ImageType"] == "ORIGINAL\\PRIMARY"


def test_the_data_set_is_left_unchanged():
    film = read(make_film(rows=64, columns=48))
    before = film.to_json()
    index_attributes(film)
    assert film.to_json() == before


def test_values_that_make_no_sense_are_taken_for_absent():
    dataset = Dataset()
    dataset.add_new(0x00200013, "LO", "seven")
    dataset.add_new(0x00280010, "LO", "many")
    dataset.add_new(0x00280011, "US", [48, 64])
    attributes = index_attributes(dataset)
    assert attributes["InstanceNumber"] is None
    assert attributes["Rows"] is None
    assert attributes["Columns"] == 48


def test_the_items_of_sequences_are_indexed():
    region, request = Dataset(), Dataset()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "43799004", "SCT", "흉부"
    request.ScheduledProcedureStepID, request.RequestedProcedureID = "S1", ""
    film = make_film(
        rows=16,
        columns=16,
        SpecificCharacterSet=["", "ISO 2022 IR 149"],
        AnatomicRegionSequence=[region],
        RequestAttributesSequence=[request, Dataset()],
        ConceptNameCodeSequence=[],
    )
    header = read_header(encoded(read(film)), ExplicitVRLittleEndian, INDEXED_TAGS)
    for dataset in (film, read(film), read(encode(film, ImplicitVRLittleEndian)), header):
        attributes = index_attributes(dataset)
        (item,) = attributes["AnatomicRegionSequence"]
        assert item == {"CodeValue": "43799004", "CodingSchemeDesignator": "SCT", "CodeMeaning": "흉부"}
        first, second = attributes["RequestAttributesSequence"]
        assert first["ScheduledProcedureStepID"] == "S1"
        assert set(second.values()) == {None}
        assert attributes["ConceptNameCodeSequence"] is None


def test_a_sequence_that_is_none_is_taken_for_absent():
    dataset = Dataset()
    dataset.add_new(0x0040A043, "LO", "no sequence")
    header = read_header(encoded(dataset), ExplicitVRLittleEndian, INDEXED_TAGS)
    assert index_attributes(header)["ConceptNameCodeSequence"] is None


def test_text_that_is_far_too_long_is_cut():
    dataset = Dataset()
    dataset.add_new(0x00081030, "LT", "x" * 1_000_000)
    raw = encoded(dataset)
    header = read_header(raw, ExplicitVRLittleEndian, INDEXED_TAGS)
    assert len(index_attributes(header)["StudyDescription"]) <= 4096


def test_the_file_meta_is_read_back_and_depends_on_the_data_set_alone():
    meta = file_meta(CR, "1.2.3", ExplicitVRLittleEndian)
    assert meta == file_meta(CR, "1.2.3", ExplicitVRLittleEndian)
    film = make_film(rows=64, columns=48)
    back = dcmread(BytesIO(meta + encoded(film)))
    assert back.file_meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert back.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert back.file_meta.FileMetaInformationVersion == b"\0\1"
    assert len(meta) == 144 + back.file_meta.FileMetaInformationGroupLength
    assert back == film


@given(raw=st.binary(max_size=400), implicit=st.booleans())
def test_no_bytes_raise_anything_but_our_own_error(raw, implicit):
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    try:
        header = read_header(raw, syntax, INDEXED_TAGS)
    except UnreadableDataSet:
        return
    index_attributes(header)


FILM = encoded(make_film(rows=16, columns=16))


@given(cut=st.integers(0, len(FILM)), position=st.integers(0, len(FILM) - 1), value=st.integers(0, 255))
def test_no_damage_to_a_film_raises_anything_but_our_own_error(cut, position, value):
    damaged = bytearray(FILM)
    damaged[position] = value
    try:
        header = read_header(bytes(damaged[:cut]), ExplicitVRLittleEndian, INDEXED_TAGS)
    except UnreadableDataSet:
        return
    index_attributes(header)
