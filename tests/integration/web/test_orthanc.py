"""Orthanc's DICOMweb plugin, as the client of the node and beside it as another server."""

from collections.abc import Iterator
from typing import Any

import pytest
from dicomweb_client import DICOMwebClient
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from tests.support.films import encode, make_film, part10_bytes
from tests.support.orthanc import Orthanc, running_orthanc
from tests.support.web import WebNode, web_node

pytestmark = [pytest.mark.orthanc, pytest.mark.dicomweb]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    with web_node(tmp_path_factory.mktemp("web")) as running:
        yield running


@pytest.fixture(scope="module")
def orthanc(web: WebNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running_orthanc(tmp_path_factory.mktemp("orthanc"), "NEOLUNG", 1, node_web=web.base) as server:
        yield server


def test_orthanc_stores_to_the_node(web: WebNode, orthanc: Orthanc) -> None:
    films = [make_film(rows=200, columns=160, seed=seed) for seed in range(3)]
    sent = [orthanc.post("/instances", part10_bytes(film))["ID"] for film in films]  # type: ignore[index]

    orthanc.post("/dicom-web/servers/node/stow", {"Resources": sent, "Synchronous": True})

    for film in films:
        path = f"/studies/{film.StudyInstanceUID}/instances"
        (found,) = web.get(path).json()
        assert found["00080018"]["Value"] == [film.SOPInstanceUID]


def test_orthanc_searches_the_node(web: WebNode, orthanc: Orthanc) -> None:
    film = make_film(rows=200, columns=160, PatientID="ASKED-BY-ORTHANC", PatientName="홍^길동")
    film.SpecificCharacterSet = "ISO_IR 192"
    web.stow(film)
    asked = {"Uri": "/studies", "Arguments": {"PatientID": "ASKED-BY-*"}}

    found: Any = orthanc.post("/dicom-web/servers/node/qido", asked)

    assert [study["0020000D"]["Value"] for study in found] == [film.StudyInstanceUID]
    assert found[0]["00100010"]["Value"] == "홍^길동"


@pytest.mark.parametrize("syntax", [None, JPEGLSLossless, JPEG2000Lossless])
def test_orthanc_retrieves_from_the_node(web: WebNode, orthanc: Orthanc, syntax: str | None) -> None:
    film = make_film(rows=200, columns=160)
    film = film if syntax is None else encode(film, syntax)
    web.stow(film)
    asked = {"Resources": [{"Study": film.StudyInstanceUID}], "Synchronous": True}

    orthanc.post("/dicom-web/servers/node/retrieve", asked)

    held = {each["SOPInstanceUID"]: each["id"] for each in orthanc.instances()}
    assert film.SOPInstanceUID in held


def test_both_servers_describe_a_film_alike(web: WebNode, orthanc: Orthanc) -> None:
    film = make_film(rows=200, columns=160, PatientName="Kim^Minjun=金^民俊=김^민준")
    film.SpecificCharacterSet = "ISO_IR 192"
    web.stow(film)
    orthanc.post("/instances", part10_bytes(film))
    theirs = DICOMwebClient(f"http://127.0.0.1:{orthanc.http_port}/dicom-web")
    uids = (film.StudyInstanceUID, film.SeriesInstanceUID, film.SOPInstanceUID)

    own = web.client().retrieve_instance_metadata(*uids)
    other = theirs.retrieve_instance_metadata(*uids)

    del own["7FE00010"], own["00083002"]
    other.pop("7FE00010")
    assert _without_numbers_as_text(own) == _without_numbers_as_text(other)


def _without_numbers_as_text(model: dict[str, Any]) -> dict[str, Any]:
    """Compare what both must agree on: the values, with numbers as numbers."""
    return {
        tag: [float(value) if element["vr"] in ("DS", "IS") else value for value in element["Value"]]
        for tag, element in model.items()
        if element.get("Value") and element["vr"] != "SQ"
    }
