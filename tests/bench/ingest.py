"""C-STORE into the node beside DCMTK's storescp, the same sender and the same files, one after the other."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from tests.bench.measuring import Figure, seconds
from tests.support.films import make_film, part10_bytes
from tests.support.node import AE_TITLE, run_serve_only
from tests.support.orthanc import free_port

FAST = {**os.environ, "TCP_NODELAY": "1"}
SIZES = {"11 MB": (2600, 2160, 30), "0.5 MB": (560, 440, 200)}


def measure(folder: Path) -> Iterator[Figure]:
    """Send films of two sizes over one association to each."""
    for name, (rows, columns, count) in SIZES.items():
        films = folder / name.replace(" ", "")
        films.mkdir()
        _write_films(films, rows, columns, count)
        size_mb = sum(path.stat().st_size for path in films.iterdir()) / 1e6
        with run_serve_only(folder / f"node-{rows}") as node:
            ours = seconds(partial(_send, films, node.port, AE_TITLE))
        with _storescp(folder / f"dcmtk-{rows}") as port:
            theirs = seconds(partial(_send, films, port, "ANY"))
        yield Figure(f"{count} x {name}, durable", size_mb / ours, "MB/s")
        yield Figure(f"{count} x {name}", count / ours, "films/s")
        yield Figure(f"{name}: node / storescp with TCP_NODELAY", theirs / ours, "x", at_least=_target(name))


def _target(name: str) -> float:
    return 1.0 if name == "11 MB" else 0.5


def _write_films(folder: Path, rows: int, columns: int, count: int) -> None:
    noise = np.random.default_rng(0).integers(0, 4096, (rows, columns))
    for number in range(count):
        film = make_film(stored_values=np.roll(noise, number, axis=1))
        (folder / f"{number}.dcm").write_bytes(part10_bytes(film))


def _send(folder: Path, port: int, called: str) -> None:
    command = ["/usr/bin/storescu", "-R", "-aec", called, "127.0.0.1", str(port), "+sd", str(folder)]
    subprocess.run(command, env=FAST, check=True, capture_output=True)


@contextmanager
def _storescp(folder: Path) -> Iterator[int]:
    folder.mkdir()
    port = free_port()
    process = subprocess.Popen(["/usr/bin/storescp", "-od", str(folder), str(port)], env=FAST)
    try:
        _wait_for_port(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for_port(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
