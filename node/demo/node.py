"""The node of the demonstration: processes of its own, as an operator would start them."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused, DemoFailed
from node.network.sender import Sender

AE_TITLE, MODALITY = "NEOLUNG", "MODALITY"
START_S = 60.0
_POLL_S = 0.25
_LAST_LINES = 15
DATA = "node"


@dataclass(frozen=True, slots=True)
class DemoNode:
    """A running node.

    Attributes
    ----------
    destination
        The node, as a modality sees it.
    folder
        Holds its configuration, log, ledger and object files.
    """

    destination: DestinationConfig
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def data_dir(self) -> Path:
        """Ledger and object files."""
        return self.folder / DATA

    def last_words(self) -> str:
        """Give the end of its log."""
        lines = (self.folder / "node.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:])


@contextmanager
def running_node(folder: Path, pacs: DestinationConfig) -> Iterator[DemoNode]:
    """Start ``neolung run`` with a PACS as its only destination, wait until it answers, stop it at the end.

    Raises
    ------
    DemoFailed
        If it does not start.
    """
    port = _free_port()
    destination = {"name": "pacs", "ae_title": pacs.ae_title, "host": pacs.host, "port": pacs.port}
    settings = {
        "node": {"ae_title": AE_TITLE, "port": port, "data_dir": DATA},
        "destinations": [destination],
    }
    # JSON is YAML, too.
    (folder / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
    command = [sys.executable, "-m", "node", "run", "--config", str(folder / "config.yaml")]
    with (folder / "node.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    itself = DestinationConfig(name="node", ae_title=AE_TITLE, host="127.0.0.1", port=port)
    node = DemoNode(itself, folder, process)
    try:
        _wait_for_echo(node)
        yield node
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_echo(node: DemoNode) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and node.process.poll() is None:
        try:
            Sender(node.destination, MODALITY).echo()
        except AssociationRefused:
            time.sleep(_POLL_S)
        else:
            return
    raise DemoFailed(f"the node did not start; its last words:\n{node.last_words()}")
