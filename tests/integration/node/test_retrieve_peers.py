"""DCMTK and Orthanc retrieve from the node, and are destinations of its C-MOVE."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from tests.support.films import encode, make_film, part10_bytes
from tests.support.network import ListeningNode, dcmtk, listening_node
from tests.support.orthanc import Orthanc, free_port, running_orthanc
from tests.support.scp import storescp

STUDY = "1.2.3.4"
SYNTAXES = (None, JPEGLSLossless, JPEG2000Lossless, RLELossless, JPEGLosslessSV1)


def fill(node: ListeningNode, folder: Path) -> dict[str, Dataset]:
    """Store a study of five films, four of them compressed in different ways; give them uncompressed."""
    films = {}
    folder.mkdir()
    options = {JPEGLSLossless: "-xt", JPEG2000Lossless: "-xv", RLELossless: "-xr", JPEGLosslessSV1: "-xs"}
    for number, syntax in enumerate(SYNTAXES):
        film = make_film(
            rows=64, columns=48, seed=number, StudyInstanceUID=STUDY, SOPInstanceUID=f"{STUDY}.{number}.1"
        )
        film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
        films[str(film.SOPInstanceUID)] = film
        path = folder / f"{number}.dcm"
        path.write_bytes(part10_bytes(encode(film, syntax) if syntax else film))
        option = [options[syntax]] if syntax else []
        result = dcmtk("storescu", *option, "-R", "-aec", "NEOLUNG", "127.0.0.1", str(node.port), path)
        assert result.returncode == 0, result.stdout
    return films


def same_pixels(received: list[Dataset], films: dict[str, Dataset]) -> bool:
    return {str(each.SOPInstanceUID) for each in received} == films.keys() and all(
        np.array_equal(each.pixel_array, films[str(each.SOPInstanceUID)].pixel_array) for each in received
    )


@contextmanager
def node_with(folder: Path, ae_title: str, port: int) -> Iterator[ListeningNode]:
    address = {"name": "peer", "ae_title": ae_title, "host": "127.0.0.1", "port": port}
    with listening_node(folder / "node", destinations=[address]) as node:
        yield node


MOVE = ("-aec", "NEOLUNG", "127.0.0.1")
KEYS = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={STUDY}")


@pytest.mark.dcmtk
@pytest.mark.parametrize("options", [(), ("+xa",)], ids=["plain", "all-syntaxes"])
def test_movescu_moves_a_study_to_storescp(tmp_path: Path, options: tuple[str, ...]) -> None:
    port = free_port()
    with node_with(tmp_path, "DCMTK", port) as node, storescp(tmp_path, "DCMTK", port, *options) as out:
        films = fill(node, tmp_path / "films")

        result = dcmtk("movescu", "-v", "-S", "-aem", "DCMTK", *MOVE, str(node.port), *KEYS)

        assert result.returncode == 0, result.stdout
        received = [dcmread(path) for path in out.iterdir()]
        assert same_pixels(received, films)
        compressed = [each for each in received if each.file_meta.TransferSyntaxUID.is_compressed]
        assert len(compressed) == (4 if options else 0)


@pytest.mark.dcmtk
def test_movescu_is_told_of_an_unknown_destination(tmp_path: Path) -> None:
    with node_with(tmp_path, "DCMTK", free_port()) as node:
        fill(node, tmp_path / "films")

        result = dcmtk("movescu", "-v", "-S", "-aem", "NOBODY", *MOVE, str(node.port), *KEYS)

        assert result.returncode != 0
        assert "MoveDestinationUnknown" in result.stdout


@pytest.mark.dcmtk
def test_movescu_can_be_the_destination_itself(tmp_path: Path) -> None:
    port, out = free_port(), tmp_path / "out"
    out.mkdir()
    with node_with(tmp_path, "DCMTK", port) as node:
        films = fill(node, tmp_path / "films")
        own = ["-S", "-aet", "DCMTK", "-aem", "DCMTK", "+P", str(port), "+B"]
        command = ["/usr/bin/movescu", *own, *MOVE, str(node.port), *KEYS]

        # It leaves what it receives in the folder where it runs.
        result = subprocess.run(command, cwd=out, timeout=60, check=False)

        assert result.returncode == 0
        assert same_pixels([dcmread(path) for path in out.iterdir()], films)


@pytest.mark.dcmtk
@pytest.mark.parametrize("options", [(), ("+xi",), ("+xe",)], ids=["default", "implicit", "explicit"])
def test_getscu_gets_every_object_of_a_study(tmp_path: Path, options: tuple[str, ...]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with listening_node(tmp_path / "node") as node:
        films = fill(node, tmp_path / "films")

        result = dcmtk("getscu", "-v", "-S", *options, "-od", out, "+B", *MOVE, str(node.port), *KEYS)

        assert result.returncode == 0, result.stdout
        # getscu ends with 0 even when objects are missing.
        assert same_pixels([dcmread(path) for path in out.iterdir()], films)


@pytest.mark.dcmtk
def test_getscu_gets_a_series_and_an_image_in_the_patient_root(tmp_path: Path) -> None:
    with listening_node(tmp_path / "node") as node:
        films = fill(node, tmp_path / "films")
        first = next(iter(films.values()))
        keys = (
            f"PatientID={first.PatientID}",
            f"StudyInstanceUID={STUDY}",
            f"SeriesInstanceUID={first.SeriesInstanceUID}",
            f"SOPInstanceUID={first.SOPInstanceUID}",
        )
        for count, level in ((4, "IMAGE"), (3, "SERIES"), (1, "PATIENT")):
            out = tmp_path / level
            out.mkdir()
            given = [word for key in keys[:count] for word in ("-k", key)]
            wanted = ("-k", f"QueryRetrieveLevel={level}", *given)
            result = dcmtk("getscu", "-P", "-od", out, *MOVE, str(node.port), *wanted)
            assert result.returncode == 0, result.stdout

        assert [len(list((tmp_path / level).iterdir())) for level in ("IMAGE", "SERIES", "PATIENT")] == [
            1,
            1,
            5,
        ]


def post(server: Orthanc, path: str, body: object) -> dict[str, object]:
    """Send JSON to the REST interface and give the answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.http_port}{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, object] = json.load(answer)
        return found


@pytest.mark.orthanc
def test_orthanc_finds_a_study_and_has_it_moved_to_itself(tmp_path: Path) -> None:
    node_port = free_port()
    with running_orthanc(tmp_path, "NEOLUNG", node_port) as orthanc:
        address = {"name": "orthanc", "ae_title": orthanc.ae_title, "host": "127.0.0.1", "port": orthanc.port}
        with listening_node(tmp_path / "node", destinations=[address], node={"port": node_port}) as node:
            films = fill(node, tmp_path / "films")
            query = {"Level": "Study", "Query": {"StudyInstanceUID": STUDY}}
            found = post(orthanc, "/modalities/node/query", query)

            moved = post(orthanc, f"{found['Path']}/answers/0/retrieve", {"TargetAet": orthanc.ae_title})

            assert moved["Description"] == "REST API"
            deadline = time.monotonic() + 20
            while len(orthanc.instances()) < len(films) and time.monotonic() < deadline:
                time.sleep(0.1)
            received = {each["SOPInstanceUID"]: each["id"] for each in orthanc.instances()}
            assert received.keys() == films.keys()
            for uid, identifier in received.items():
                path = tmp_path / "one.dcm"
                path.write_bytes(orthanc.download(identifier))
                assert np.array_equal(dcmread(path).pixel_array, films[uid].pixel_array)
