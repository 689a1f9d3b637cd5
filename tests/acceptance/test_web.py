"""DICOMweb of a whole node: a film goes in by STOW-RS, its results come out by QIDO-RS and WADO-RS."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.films import part10_bytes
from tests.support.node import RunningNode, running_node
from tests.support.orthanc import free_port
from tests.support.shipped import judged_film
from tests.support.validators import dciodvfy
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

FILE = {"Accept": "application/dicom"}


def web_pid(node: RunningNode) -> int:
    (pid,) = (pid for pid in node.children() if "web" in Path(f"/proc/{pid}/cmdline").read_text().split("\0"))
    return pid


def is_up(base: str) -> bool:
    try:
        return httpx.get(f"{base}/studies", timeout=5).is_success
    except httpx.TransportError:
        return False


def test_a_film_stored_over_the_web_has_its_results_there(tmp_path: Path) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}/dicom-web"
    with running_node(tmp_path / "node", web={"enabled": True, "port": port}) as node:
        wait_until(lambda: is_up(base), 30, lambda: node.log)
        film = judged_film(PatientName="SECRET^BABY", PatientID="SECRET-7")
        answer = httpx.post(
            f"{base}/studies", content=part10_bytes(film), headers={"Content-Type": "application/dicom"}
        )
        assert answer.status_code == 200
        series = f"{base}/studies/{film.StudyInstanceUID}/series"

        def modalities() -> set[str]:
            return {each["00080060"]["Value"][0] for each in httpx.get(series, timeout=20).json()}

        wait_until(lambda: modalities() >= {"SEG", "SR"}, 90, lambda: node.log)
        for modality in ("SEG", "SR"):
            (found,) = httpx.get(
                series.replace("/series", "/instances"), params={"Modality": modality}
            ).json()
            result = tmp_path / f"{modality}.dcm"
            result.write_bytes(httpx.get(found["00081190"]["Value"][0], headers=FILE).content)
            assert dciodvfy(result) == []

        os.kill(web_pid(node), signal.SIGKILL)
        wait_until(lambda: is_up(base), 30, lambda: node.log)
        assert node.stop() == 0
        assert "SECRET" not in node.log


def test_a_port_in_use_is_told_and_stops_the_node(tmp_path: Path) -> None:
    with running_node(tmp_path / "first", web={"enabled": True, "port": free_port()}) as node:
        port = node.config_file.read_text().split("web:")[1].split("port:")[1].split()[0]
        wait_until(lambda: is_up(f"http://127.0.0.1:{port}/dicom-web"), 30, lambda: node.log)
        environment = {
            **os.environ,
            "NEOLUNG_WEB__PORT": port,
            "NEOLUNG_NODE__DATA_DIR": str(tmp_path / "two"),
        }
        ended = subprocess.run(
            [sys.executable, "-m", "node", "web"],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 1
        assert "is another node running? Set web.port" in ended.stderr
