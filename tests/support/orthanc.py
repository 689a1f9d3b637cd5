"""A real Orthanc as the PACS: started on free ports, asked over its REST interface, stopped at the end."""

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

PROGRAM = which("Orthanc", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
"""Debian puts it where an ordinary user's search path does not look."""

DICOMWEB_PLUGIN = next(
    (path for path in (Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),) if path.exists()), None
)


def free_port() -> int:
    """Give a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Orthanc:
    """A running server; ``port`` speaks DICOM, ``http_port`` speaks REST."""

    ae_title: str
    port: int
    http_port: int

    def get(self, path: str) -> object:
        """Ask the REST interface."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}{path}", timeout=10) as answer:
            return json.load(answer)

    def post(self, path: str, body: object) -> object:
        """Ask for something to be done; a body that is no bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.http_port}{path}", data)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def download(self, identifier: str) -> bytes:
        """Give one instance as a Part 10 file."""
        url = f"http://127.0.0.1:{self.http_port}/instances/{identifier}/file"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())

    def instances(self) -> list[dict[str, str]]:
        """Give SOP Class, SOP Instance and study UID, and Orthanc's own identifier, of all it holds."""
        found = []
        for identifier in self.get("/instances"):  # type: ignore[attr-defined]
            tags = self.get(f"/instances/{identifier}/simplified-tags")
            keywords = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "Modality")
            found.append({keyword: tags.get(keyword, "") for keyword in keywords} | {"id": identifier})  # type: ignore[attr-defined]
        return found


@contextmanager
def running_orthanc(
    folder: Path, node_ae_title: str, node_port: int, *, node_web: str = "", **options: object
) -> Iterator[Orthanc]:
    """Start Orthanc with the node as a known modality, and wait until it answers.

    Parameters
    ----------
    node_web
        Address of the node's DICOMweb; loads Orthanc's plugin for it, as client and as server.
    options
        Further settings of Orthanc by their names.
    """
    server = Orthanc("ORTHANC", free_port(), free_port())
    settings = {
        "Name": "PACS",
        "StorageDirectory": str(folder / "orthanc"),
        "IndexDirectory": str(folder / "orthanc"),
        "Plugins": [],
        "HttpPort": server.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAet": server.ae_title,
        "DicomPort": server.port,
        "DicomCheckCalledAet": True,
        "DefaultEncoding": "Utf8",
        "DicomModalities": {"node": [node_ae_title, "127.0.0.1", node_port]},
        **options,
    }
    if node_web:
        settings["Plugins"] = [str(DICOMWEB_PLUGIN)]
        settings["DicomWeb"] = {"Enable": True, "Servers": {"node": {"Url": f"{node_web}/"}}}
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([str(PROGRAM), str(configuration)], stdout=log, stderr=log)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_it_answers(server: Orthanc) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.get("/system")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return
