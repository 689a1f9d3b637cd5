"""DCMTK's dcmqrscp as a PACS that is searched and retrieved from."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from tests.support.films import part10_bytes
from tests.support.network import dcmtk
from tests.support.orthanc import free_port

PROGRAM = shutil.which("dcmqrscp")


@dataclass(frozen=True, slots=True)
class Archive:
    """A running archive."""

    ae_title: str
    port: int


@contextmanager
def running_archive(folder: Path, node_ae_title: str, node_port: int) -> Iterator[Archive]:
    """Start dcmqrscp with the node as a known move destination, and wait until it answers."""
    archive = Archive("QRSCP", free_port())
    (folder / "archive").mkdir(parents=True)
    configuration = folder / "dcmqrscp.cfg"
    configuration.write_text(
        f"""NetworkTCPPort = {archive.port}
MaxPDUSize = 65536
MaxAssociations = 16
HostTable BEGIN
node = ({node_ae_title}, 127.0.0.1, {node_port})
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
{archive.ae_title} {folder / "archive"} RW (500, 1024mb) ANY
AETable END
""",
        encoding="ascii",
    )
    with (folder / "dcmqrscp.log").open("wb") as log:
        process = subprocess.Popen([str(PROGRAM), "-c", str(configuration)], stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while dcmtk("echoscu", "-aec", archive.ae_title, "127.0.0.1", str(archive.port)).returncode:
            assert time.monotonic() < deadline, (folder / "dcmqrscp.log").read_text()
            time.sleep(0.05)
        yield archive
    finally:
        process.kill()
        process.wait(timeout=20)


def load(folder: Path, ae_title: str, port: int, films: list[Dataset]) -> None:
    """Send films to a PACS, as its modalities would."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, film in enumerate(films):
        (folder / f"{number:05}.dcm").write_bytes(part10_bytes(film))
    sent = dcmtk("storescu", "-R", "+sd", "-aec", ae_title, "127.0.0.1", str(port), folder)
    assert sent.returncode == 0, sent.stdout
