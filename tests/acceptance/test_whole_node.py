"""The main job, as a PACS administrator would try it: real processes, DCMTK as modality, Orthanc as PACS."""

import json
import subprocess
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from tests.support.films import encode, part10_bytes
from tests.support.node import AE_TITLE, RunningNode, running_node
from tests.support.orthanc import Orthanc, free_port, running_orthanc
from tests.support.shipped import judged_film
from tests.support.validators import dciodvfy, dsrdump
from tests.support.waiting import wait_until

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"

pytestmark = [pytest.mark.dcmtk, pytest.mark.slow]


def storescu(node: RunningNode, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["/usr/bin/storescu", "-R", "-aet", "MODALITY", "-aec", AE_TITLE, *options[:-1]]
    command += ["127.0.0.1", str(node.port), options[-1]]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def write(film: Dataset, path: Path) -> Path:
    path.write_bytes(part10_bytes(film))
    return path


def destination(orthanc: Orthanc) -> dict[str, object]:
    return {"name": "pacs", "ae_title": orthanc.ae_title, "host": "127.0.0.1", "port": orthanc.port}


@pytest.mark.orthanc
def test_a_film_from_dcmtk_ends_as_committed_seg_and_sr_in_orthanc(tmp_path: Path) -> None:
    port = free_port()
    orthanc_server = running_orthanc(tmp_path, AE_TITLE, port)
    own = {"port": port}
    with orthanc_server as orthanc, running_node(tmp_path / "node", [destination(orthanc)], node=own) as node:
        film = judged_film(PatientName="홍^길동")
        path = write(film, tmp_path / "film.dcm")
        to_pacs = ["/usr/bin/storescu", "-R", "-aec", "ORTHANC", "127.0.0.1", str(orthanc.port), str(path)]
        assert subprocess.run(to_pacs, timeout=60, check=False).returncode == 0

        assert storescu(node, str(path)).returncode == 0

        wait_until(lambda: len(orthanc.instances()) >= 3, 90, lambda: node.log)
        instances = {item["SOPClassUID"]: item for item in orthanc.instances()}
        assert {item["StudyInstanceUID"] for item in instances.values()} == {film.StudyInstanceUID}
        for sop_class in (SEG, COMPREHENSIVE_3D_SR):
            result = tmp_path / f"{instances[sop_class]['Modality']}.dcm"
            result.write_bytes(orthanc.download(instances[sop_class]["id"]))
            assert dciodvfy(result) == []
        assert "Probability" in dsrdump(tmp_path / "SR.dcm")
        wait_until(lambda: _all_committed(node), 60, lambda: node.log)


def _all_committed(node: RunningNode) -> bool:
    queue = {line["work"]: line for line in node.status()["queue"]}  # type: ignore[attr-defined]
    commits = [line for work, line in queue.items() if work.startswith("commit")]
    return sum(line["done"] for line in commits) == 2 and not any(line["waiting"] for line in queue.values())


def test_echoscu_storescu_and_findscu_work_on_the_shipped_configuration(tmp_path: Path) -> None:
    with running_node(tmp_path / "node") as node:
        echo = ["/usr/bin/echoscu", "-aec", AE_TITLE, "127.0.0.1", str(node.port)]
        assert subprocess.run(echo, timeout=30, check=False).returncode == 0
        film = judged_film(PatientID="NEO-7")
        assert storescu(node, str(write(film, tmp_path / "film.dcm"))).returncode == 0

        def found() -> str:
            keys = ["QueryRetrieveLevel=SERIES", f"StudyInstanceUID={film.StudyInstanceUID}"]
            keys += ["Modality", "SeriesInstanceUID"]
            command = ["/usr/bin/findscu", "-S", "-aec", AE_TITLE, "127.0.0.1", str(node.port)]
            command += [part for key in keys for part in ("-k", key)]
            return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stderr

        wait_until(lambda: "SEG" in found() and "[SR]" in found(), 60, lambda: found() + node.log)


@pytest.mark.parametrize("syntax", [JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless])
def test_compressed_films_are_taken_as_they_are_and_analysed(tmp_path: Path, syntax: str) -> None:
    with running_node(tmp_path / "node") as node:
        film = encode(judged_film(), syntax)
        option = {
            JPEGLosslessSV1: "-xs",
            JPEGLSLossless: "-xt",
            JPEG2000Lossless: "-xv",
            RLELossless: "-xr",
        }[syntax]
        path = write(film, tmp_path / "film.dcm")

        assert storescu(node, option, str(path)).returncode == 0

        wait_until(lambda: _outcomes(node) != [], 60, lambda: node.log)
        assert _outcomes(node)[0] in {"present", "absent"}


def _outcomes(node: RunningNode) -> list[str]:
    return [row["outcome"] for row in json.loads(node.command("studies", "--json").stdout)]


def test_the_log_of_a_whole_run_holds_no_patient_data(tmp_path: Path) -> None:
    secrets = {"PatientName": "Geheim^Name", "PatientID": "SECRET-4711", "AccessionNumber": "ACC-9812"}
    with running_node(tmp_path / "node", log={"level": "debug"}) as node:
        film = judged_film(PatientBirthDate="20240229", **secrets)
        path = write(film, tmp_path / "film.dcm")
        assert storescu(node, str(path)).returncode == 0
        wait_until(lambda: _outcomes(node) != [], 60, lambda: node.log)
        node.stop()

        assert film.SOPInstanceUID in node.log
        for secret in ("Geheim", "SECRET-4711", "ACC-9812", "20240229"):
            assert secret not in node.log


def test_a_node_that_is_asked_to_stop_ends_with_zero_and_leaves_no_process(tmp_path: Path) -> None:
    with running_node(tmp_path / "node") as node:
        children = node.children()
        assert len(children) >= 2

        assert node.stop() == 0

        alive = [pid for pid in children if Path(f"/proc/{pid}").exists()]
        assert alive == []


def test_a_second_node_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with running_node(tmp_path / "node") as node:
        second = node.command("run")

        assert second.returncode == 1
        assert "already" in second.stderr
