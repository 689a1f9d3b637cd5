"""A real node in its own processes, started by the command line as an operator would."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from node.config.addressee import own_node
from node.config.loading import load_config
from node.errors import AssociationRefused
from node.network.sender import Sender
from tests.support.hygiene import WATCH
from tests.support.orthanc import free_port

AE_TITLE = "NEOLUNG"
START_S = 60


@dataclass(slots=True)
class RunningNode:
    """A node below ``folder``; ``process`` is its supervisor."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def config_file(self) -> Path:
        """The configuration it runs on."""
        return self.folder / "config.yaml"

    @property
    def log(self) -> str:
        """All that its processes have written so far."""
        return (self.folder / "node.log").read_text(encoding="utf-8", errors="replace")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a ``neolung`` command with this node's configuration."""
        return run_neolung(*arguments, "--config", str(self.config_file))

    def status(self) -> dict[str, object]:
        """Give ``neolung status --json``."""
        answer: dict[str, object] = json.loads(self.command("status", "--json").stdout)
        return answer

    def restart(self) -> None:
        """Start the supervisor again on the same configuration and data."""
        self.process = _start(self.folder)
        _wait_for_echo(self)

    def kill(self) -> None:
        """``kill -9`` the supervisor; its children must end by themselves."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask the node to drain and give its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=60)

    def children(self) -> list[int]:
        """List the process numbers of all its descendants."""
        return _descendants(self.process.pid)


@contextmanager
def running_node(
    folder: Path, destinations: Sequence[Mapping[str, object]] = (), **sections: Mapping[str, object]
) -> Iterator[RunningNode]:
    """Start ``neolung run`` on a free port and wait until it answers C-ECHO."""
    with _running(folder, "run", destinations, sections) as node:
        yield node


@contextmanager
def run_serve_only(folder: Path, **sections: Mapping[str, object]) -> Iterator[RunningNode]:
    """Start ``neolung serve`` alone: films are received and queued, nobody analyses them."""
    with _running(folder, "serve", (), sections) as node:
        yield node


@contextmanager
def _running(
    folder: Path,
    command: str,
    destinations: Sequence[Mapping[str, object]],
    sections: dict[str, Mapping[str, object]],
) -> Iterator[RunningNode]:
    folder.mkdir(parents=True, exist_ok=True)
    own = {"ae_title": AE_TITLE, "port": free_port(), "data_dir": "var", **sections.pop("node", {})}
    settings = {"node": own, "destinations": list(destinations), **sections}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    node = RunningNode(folder, int(str(own["port"])), _start(folder, command))
    try:
        _wait_for_echo(node)
        yield node
    finally:
        _end(node)


def run_neolung(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "node", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)


def _start(folder: Path, service: str = "run") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "node", service, "--config", str(folder / "config.yaml")]
    with (folder / "node.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def _wait_for_echo(node: RunningNode) -> None:
    destination = own_node(load_config(node.config_file, {}))
    deadline = time.monotonic() + START_S
    while True:
        try:
            Sender(destination, "TESTER").echo()
        except AssociationRefused:
            if time.monotonic() > deadline or node.process.poll() is not None:
                raise AssertionError(f"the node did not start:\n{node.log}") from None
            time.sleep(0.1)
        else:
            return


def _end(node: RunningNode) -> None:
    try:
        _stop(node)
    finally:
        WATCH.note_log(node.log, f"node.log of {node.folder}")
        WATCH.note_trail(node.folder / "var" / "audit")


def _stop(node: RunningNode) -> None:
    children = node.children()
    if node.process.poll() is None:
        node.process.terminate()
        try:
            node.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            node.process.kill()
            node.process.wait()
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    try:
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return children + [grandchild for child in children for grandchild in _descendants(child)]
