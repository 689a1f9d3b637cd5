"""Every transaction by dicomweb-client, a client that knows nothing of this server."""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from PIL import Image
from pydicom import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

from tests.support.films import encode, make_film
from tests.support.web import WebNode, web_node


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    with web_node(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture(scope="module")
def films(web: WebNode) -> list[Dataset]:
    """Two films of one study, the second compressed, and one of another."""
    first = make_film(PatientName="Kim^Minjun", rows=200, columns=160)
    second = make_film(
        StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID="1.2.3.77", rows=200, columns=160, seed=1
    )
    third = make_film(PatientName="Other^Baby", PatientID="P-3", rows=200, columns=160)
    films = [first, encode(second, JPEGLSLossless), third]
    answer = web.client().store_instances(films)
    assert len(answer.ReferencedSOPSequence) == 3
    assert "FailedSOPSequence" not in answer
    return films


@pytest.fixture
def client(web: WebNode, films: list[Dataset]) -> DICOMwebClient:
    return web.client()


def uids(film: Dataset) -> tuple[str, str, str]:
    return film.StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID


def test_the_six_searches(client: DICOMwebClient, films: list[Dataset]) -> None:
    study, series, _ = uids(films[0])

    assert len(client.search_for_studies()) == 2
    assert len(client.search_for_series()) == 3
    assert len(client.search_for_series(study)) == 2
    assert len(client.search_for_instances()) == 3
    assert len(client.search_for_instances(study)) == 2
    assert len(client.search_for_instances(study, series)) == 1


def test_a_search_by_name_with_a_wildcard(client: DICOMwebClient, films: list[Dataset]) -> None:
    (found,) = client.search_for_studies(search_filters={"PatientName": "kim*"}, fields=["StudyDescription"])

    dataset = Dataset.from_json(found)
    assert dataset.StudyInstanceUID == films[0].StudyInstanceUID
    assert dataset.PatientName == "Kim^Minjun"
    assert dataset.NumberOfStudyRelatedInstances == 2


def test_a_study_comes_back_as_it_was_stored(client: DICOMwebClient, films: list[Dataset]) -> None:
    found = client.retrieve_study(films[0].StudyInstanceUID, media_types=[("application/dicom", "*")])

    assert {each.SOPInstanceUID for each in found} == {film.SOPInstanceUID for film in films[:2]}
    by_uid = {each.SOPInstanceUID: each for each in found}
    for film in films[:2]:
        assert by_uid[film.SOPInstanceUID] == film
        assert by_uid[film.SOPInstanceUID].file_meta.TransferSyntaxUID == film.file_meta.TransferSyntaxUID


def test_an_instance_comes_decompressed_when_asked(client: DICOMwebClient, films: list[Dataset]) -> None:
    found = client.retrieve_instance(
        *uids(films[1]), media_types=[("application/dicom", ExplicitVRLittleEndian)]
    )

    assert found.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert np.array_equal(found.pixel_array, films[1].pixel_array)


def test_a_series_comes_one_by_one(client: DICOMwebClient, films: list[Dataset]) -> None:
    found = list(client.iter_series(films[1].StudyInstanceUID, films[1].SeriesInstanceUID))

    assert [each.SOPInstanceUID for each in found] == [films[1].SOPInstanceUID]


def test_metadata_describe_the_film_without_its_pixels(client: DICOMwebClient, films: list[Dataset]) -> None:
    study, series, instance = uids(films[0])
    (of_series,) = client.retrieve_series_metadata(study, series)
    of_instance = client.retrieve_instance_metadata(study, series, instance)

    assert of_series == of_instance
    assert len(client.retrieve_study_metadata(study)) == 2
    pixels = of_instance.pop("7FE00010")
    del of_instance["00083002"]
    assert pixels["BulkDataURI"].endswith("/bulkdata/7FE00010")
    header = Dataset.from_json(of_instance)
    expected = films[0][:0x7FE00010]
    header.SpecificCharacterSet = expected.get("SpecificCharacterSet")
    assert header == Dataset(expected)


def test_frames_and_bulk_data_hold_the_pixels(client: DICOMwebClient, films: list[Dataset]) -> None:
    study, series, instance = uids(films[0])
    (frame,) = client.retrieve_instance_frames(study, series, instance, [1])
    (bulk,) = client.retrieve_bulkdata(
        client.retrieve_instance_metadata(study, series, instance)["7FE00010"]["BulkDataURI"]
    )

    assert frame == bulk == films[0].PixelData


def test_a_compressed_frame_comes_either_way(client: DICOMwebClient, films: list[Dataset]) -> None:
    plain = client.retrieve_instance_frames(*uids(films[1]), [1])
    packed = client.retrieve_instance_frames(*uids(films[1]), [1], media_types=["image/jls"])

    assert np.frombuffer(plain[0], "<u2").tolist() == films[1].pixel_array.ravel().tolist()
    assert packed[0].startswith(b"\xff\xd8\xff")
    assert packed[0] in films[1].PixelData


def test_a_rendered_instance_is_a_picture(client: DICOMwebClient, films: list[Dataset]) -> None:
    picture = client.retrieve_instance_rendered(*uids(films[0]), media_types=["image/png"])

    assert Image.open(BytesIO(picture)).size == (160, 200)


def test_what_is_not_there_is_not_found(client: DICOMwebClient) -> None:
    with pytest.raises(Exception, match="404"):
        client.retrieve_study("1.2.3.4.5.6.7")
