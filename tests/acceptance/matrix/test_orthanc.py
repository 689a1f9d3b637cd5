"""Orthanc: store, find, move, storage commitment, DICOMweb; ``neolung fetch`` from it and from dcmqrscp."""

from typing import Any

import pytest
from pydicom import Dataset

from tests.acceptance.matrix.conftest import HELD, Site, note_arrived
from tests.support.archive import load
from tests.support.films import CR, part10_bytes
from tests.support.matrix import SYNTAXES, Matrix, make_proof
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.dcmtk, pytest.mark.orthanc, pytest.mark.dicomweb, pytest.mark.slow]

UNKNOWN_TO_ORTHANC = ("htj2k", "rpcl", "htj2k~")
"""Transfer syntaxes newer than the Orthanc of Debian 12; it keeps such files, and cannot send them."""
SENT = [name for name in SYNTAXES if name not in UNKNOWN_TO_ORTHANC]


def upload(site: Site, film: Dataset) -> str:
    answer: Any = site.orthanc.post("/instances", part10_bytes(film))
    return str(answer["ID"])


@pytest.mark.parametrize("name", SENT)
def test_orthanc_stores(site: Site, matrix: Matrix, name: str) -> None:
    film = make_proof(name, "1.2.826.0.1.9010", SENT.index(name) + 1)

    with matrix.cell("Orthanc", "store", name):
        site.orthanc.post("/modalities/node/store", {"Resources": [upload(site, film)]})
        assert site.syntax_of(film) == SYNTAXES[name].transfer_syntax_uid


def test_orthanc_echoes(site: Site, matrix: Matrix) -> None:
    with matrix.cell("Orthanc", "echo"):
        assert site.orthanc.post("/modalities/node/echo", {}) == {}


def test_orthanc_finds_and_moves(site: Site, matrix: Matrix, held: dict[str, Dataset]) -> None:
    with matrix.cell("Orthanc", "find"):
        query = {"Level": "Study", "Query": {"StudyInstanceUID": HELD}}
        found: Any = site.orthanc.post("/modalities/node/query", query)
        assert len(site.orthanc.get(f"{found['Path']}/answers")) == 1  # type: ignore[arg-type]

    site.orthanc.post(f"{found['Path']}/answers/0/retrieve", {"TargetAet": "ORTHANC"})

    note_arrived(matrix, ("Orthanc", "move, to itself"), uids_of(site), held)


def uids_of(site: Site) -> set[str]:
    return {each["SOPInstanceUID"] for each in site.orthanc.instances()}


def test_orthanc_asks_for_commitment(site: Site, matrix: Matrix, held: dict[str, Dataset]) -> None:
    wanted = {"DicomInstances": [[CR, str(film.SOPInstanceUID)] for film in held.values()]}

    with matrix.cell("Orthanc", "storage commitment"):
        asked: Any = site.orthanc.post("/modalities/node/storage-commitment", wanted)
        wait_until(lambda: report_of(site, asked)["Status"] != "Pending", 30)
        assert report_of(site, asked)["Status"] == "Success"


def report_of(site: Site, asked: Any) -> dict[str, Any]:
    report: Any = site.orthanc.get(asked["Path"])
    return dict(report)


@pytest.mark.parametrize("name", SENT)
def test_orthanc_stores_over_the_web(site: Site, matrix: Matrix, name: str) -> None:
    film = make_proof(name, "1.2.826.0.1.9011", SENT.index(name) + 1)

    with matrix.cell("Orthanc", "STOW-RS", name):
        asked = {"Resources": [upload(site, film)], "Synchronous": True}
        site.orthanc.post("/dicom-web/servers/node/stow", asked)
        assert site.syntax_of(film) == SYNTAXES[name].transfer_syntax_uid


def test_orthanc_searches_over_the_web(site: Site, matrix: Matrix, held: dict[str, Dataset]) -> None:
    with matrix.cell("Orthanc", "QIDO-RS"):
        asked = {"Uri": "/studies", "Arguments": {"StudyInstanceUID": HELD}}
        found: Any = site.orthanc.post("/dicom-web/servers/node/qido", asked)
        assert [study["0020000D"]["Value"] for study in found] == [HELD]


def test_orthanc_retrieves_over_the_web(site: Site, matrix: Matrix) -> None:
    films = {name: make_proof(name, "1.2.826.0.1.9012", n) for n, name in enumerate(SYNTAXES, start=1)}
    sent = site.node.command("send", *(str(site.write(film)) for film in films.values()))
    assert sent.returncode == 0, sent.stdout
    asked = {"Resources": [{"Study": "1.2.826.0.1.9012"}], "Synchronous": True}

    site.orthanc.post("/dicom-web/servers/node/retrieve", asked)

    note_arrived(matrix, ("Orthanc", "WADO-RS"), uids_of(site), films)


@pytest.mark.parametrize("way", ["move", "get"])
def test_the_node_fetches_from_orthanc(site: Site, matrix: Matrix, way: str) -> None:
    study, day = ("1.2.826.0.1.9020", "2026-04-01") if way == "move" else ("1.2.826.0.1.9021", "2026-04-02")
    films = {name: make_proof(name, study, number) for number, name in enumerate(SENT, start=1)}
    for film in films.values():
        film.StudyDate = day.replace("-", "")
        upload(site, film)

    fetch(site, {"move": "orthanc", "get": "orthanc-get"}[way], day)

    uids = {str(film.SOPInstanceUID) for film in films.values() if site.syntax_of(film)}
    note_arrived(matrix, ("Orthanc", f"neolung fetch by C-{way.upper()}"), uids, films)


def fetch(site: Site, source: str, day: str) -> None:
    done = site.node.command("fetch", "--from", source, "--from-date", day, "--to-date", day)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("way", ["move", "get"])
def test_the_node_fetches_from_dcmqrscp(site: Site, matrix: Matrix, way: str) -> None:
    study, day = ("1.2.826.0.1.9022", "2026-04-03") if way == "move" else ("1.2.826.0.1.9023", "2026-04-04")
    film = make_proof("expl", study, 1)
    film.StudyDate = day.replace("-", "")

    with matrix.cell("dcmqrscp", f"neolung fetch by C-{way.upper()}", "expl"):
        load(site.folder / f"to-archive-{way}", site.archive.ae_title, site.archive.port, [film])
        fetch(site, {"move": "archive", "get": "archive-get"}[way], day)
        assert site.syntax_of(film) == SYNTAXES["expl"].transfer_syntax_uid
