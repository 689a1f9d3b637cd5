"""DCMTK's storescp as a destination."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.network import dcmtk
from tests.support.waiting import wait_until


@contextmanager
def storescp(folder: Path, ae_title: str, port: int, *options: str) -> Iterator[Path]:
    """Run storescp; it writes what it receives as it came, one file each, into the folder that is given."""
    out = folder / "received"
    out.mkdir(parents=True)
    command = ["/usr/bin/storescp", "-aet", ae_title, "-od", str(out), "+B", *options, str(port)]
    with (folder / "storescp.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(
            lambda: dcmtk("echoscu", "-aec", ae_title, "127.0.0.1", str(port)).returncode == 0,
            20,
            lambda: (folder / "storescp.log").read_text(),
        )
        yield out
    finally:
        process.terminate()
        process.wait(timeout=20)
