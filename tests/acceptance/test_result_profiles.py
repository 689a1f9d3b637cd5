"""Two destinations of different profiles beside one real node: DCMTK's storescp and Orthanc."""

import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import (
    Comprehensive3DSRStorage,
    EncapsulatedPDFStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from tests.support.films import part10_bytes
from tests.support.node import AE_TITLE, RunningNode, running_node
from tests.support.orthanc import free_port, running_orthanc
from tests.support.scp import storescp
from tests.support.shipped import judged_film
from tests.support.validators import dcentvfy, dciodvfy
from tests.support.waiting import wait_until

NAME = "Hong^Gildong=洪^吉洞=홍^길동"

pytestmark = [pytest.mark.dcmtk, pytest.mark.orthanc, pytest.mark.slow]


def store(node: RunningNode, film: Path) -> None:
    command = ["/usr/bin/storescu", "-R", "-aec", AE_TITLE, "127.0.0.1", str(node.port), str(film)]
    subprocess.run(command, timeout=60, check=True)


def test_each_destination_gets_exactly_its_objects_and_all_of_them_are_valid(tmp_path: Path) -> None:
    port = free_port()
    with (
        running_orthanc(tmp_path, AE_TITLE, free_port()) as orthanc,
        storescp(tmp_path / "viewer", "VIEWER", port) as viewer,
    ):
        common = {"host": "127.0.0.1", "storage_commitment": False}
        archive = {
            "name": "archive",
            "ae_title": "ORTHANC",
            "port": orthanc.port,
            "send": ["seg", "sr", "pr"],
        }
        screen = {"name": "viewer", "ae_title": "VIEWER", "port": port, "send": ["sc", "pdf"]}
        screen |= {"transfer_syntax": "implicit", "sc_longest_side": 900}
        silent = {"name": "silent", "ae_title": "VIEWER", "port": port, "shadow": True}
        destinations = [common | archive, common | screen, common | silent]
        with running_node(tmp_path / "node", destinations) as node:
            film = tmp_path / "film.dcm"
            film.write_bytes(part10_bytes(judged_film(SpecificCharacterSet="ISO_IR 192", PatientName=NAME)))
            store(node, film)

            wait_until(
                lambda: len(orthanc.instances()) + len(list(viewer.iterdir())) >= 5, 90, lambda: node.log
            )
            time.sleep(1.0)  # for anything that should not come

            results = []
            for held in orthanc.instances():
                results.append(tmp_path / f"{held['Modality']}.dcm")
                results[-1].write_bytes(orthanc.download(held["id"]))
            assert Counter(held["SOPClassUID"] for held in orthanc.instances()) == Counter(
                [SegmentationStorage, Comprehensive3DSRStorage, GrayscaleSoftcopyPresentationStateStorage]
            )
            shown = {path: dcmread(path) for path in viewer.iterdir()}
            assert Counter(str(one.SOPClassUID) for one in shown.values()) == Counter(
                [SecondaryCaptureImageStorage, EncapsulatedPDFStorage]
            )
            for one in shown.values():
                assert one.file_meta.TransferSyntaxUID == ImplicitVRLittleEndian
                assert str(one.PatientName) == NAME
            (capture,) = [one for one in shown.values() if one.Modality == "OT"]
            assert max(capture.Rows, capture.Columns) <= 900
            for path in (*results, *shown):
                assert dciodvfy(path) == []
            assert dcentvfy(film, *results, *shown) == []
            assert any("silent is in shadow" in line for line in node.command("status").stdout.splitlines())
