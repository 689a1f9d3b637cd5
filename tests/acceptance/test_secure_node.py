"""A whole node whose only port speaks TLS: commands, modality, PACS and audit repository, and a kill."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.support.audit import event_of, read_trail
from tests.support.certificates import Authority
from tests.support.films import part10_bytes
from tests.support.network import dcmtk
from tests.support.node import AE_TITLE, RunningNode, running_node
from tests.support.orthanc import free_port, running_orthanc
from tests.support.shipped import judged_film
from tests.support.syslog import SyslogServer
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.dcmtk, pytest.mark.orthanc, pytest.mark.slow]


def trail_of(node: RunningNode) -> list[bytes]:
    lines: list[bytes] = []
    for file in sorted((node.folder / "var" / "audit").glob("audit-*.xml")):
        lines += file.read_bytes().splitlines()
    return lines


def test_everything_goes_by_tls_and_every_audit_message_arrives(tmp_path: Path) -> None:
    hospital = Authority(tmp_path)
    own, modality, pacs, repository = (
        hospital.issue(name, "127.0.0.1") for name in (AE_TITLE, "CR1", "PACS", "REPOSITORY")
    )
    encrypted = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(pacs.certificate),
        "DicomTlsPrivateKey": str(pacs.key),
        "DicomTlsTrustedCertificates": str(hospital.file),
    }
    port = free_port()
    server = SyslogServer(hospital, repository)
    with server.listening(), running_orthanc(tmp_path, AE_TITLE, port, **encrypted) as orthanc:
        there = {
            "name": "pacs",
            "ae_title": "ORTHANC",
            "host": "127.0.0.1",
            "port": orthanc.port,
            "tls": True,
        }
        sections = {
            "tls": hospital.tls(own, port=port, plain=False),
            "access": {"peers": [{"name": "all", "certificate": "*"}]},
            "audit": {"syslog": {"host": "127.0.0.1", "port": server.port}},
        }
        with running_node(tmp_path / "node", [there | {"storage_commitment": False}], **sections) as node:
            film = tmp_path / "film.dcm"
            film.write_bytes(part10_bytes(judged_film()))
            keys = ["+tls", modality.key, modality.certificate, "+cf", hospital.file]
            where = ["-aet", "CR1", "-aec", AE_TITLE, "127.0.0.1", str(port), film]
            assert dcmtk("storescu", "-R", *keys, *where).returncode == 0
            assert dcmtk("storescu", "-R", *where).returncode != 0
            check_commands(node, film)
            wait_until(lambda: len(orthanc.instances()) >= 2, 120, lambda: node.log)
            kill_all(node)
            node.restart()
            assert dcmtk("echoscu", *keys, *where[:-1]).returncode == 0
            assert node.stop() == 0
            kept = trail_of(node)
        with running_node(tmp_path / "node", [there | {"storage_commitment": False}], **sections):
            wait_until(lambda: set(kept) <= bodies(server), 30, lambda: node.log)

    events = [event_of(message) for message in read_trail(tmp_path / "node" / "var" / "audit")]
    assert {"110100", "110102", "110104", "110112", "110113"} <= set(events)
    assert json.dumps(judged_film().PatientID) not in node.log


def check_commands(node: RunningNode, film: Path) -> None:
    assert json.loads(node.command("query", "--json").stdout)[0]["PatientID"]
    again = node.command("send", str(film))
    assert (again.returncode, again.stdout) == (0, "1 of 1 files stored.\n")
    looked_at = {check["subject"]: check for check in json.loads(node.command("doctor", "--json").stdout)}
    assert "good for 364 days" in looked_at["TLS"]["detail"]
    for subject in ("TLS", "receiver", "destination pacs"):
        assert looked_at[subject]["ok"] is True


def kill_all(node: RunningNode) -> None:
    for pid in [node.process.pid, *node.children()]:
        os.kill(pid, signal.SIGKILL)
    node.process.wait()


def bodies(server: SyslogServer) -> set[bytes]:
    return {message.partition(b"\xef\xbb\xbf")[2] for message in server.messages}
