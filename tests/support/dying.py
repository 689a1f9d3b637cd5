"""A summariser that is killed at a chosen moment, in a process of its own."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from node.work.summariser import Summariser
from storage.objects import ObjectStore
from storage.values import StoredFile
from tests.support.work import open_desk


class _DyingStore(ObjectStore):
    """Dies as soon as the file is durable, before anything of it is in the ledger."""

    def write(self, part10: bytes | bytearray | memoryview, *, suffix: str = ".dcm") -> StoredFile:
        super().write(part10, suffix=suffix)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody survives SIGKILL")


def summarise_and_die(folder: Path, url: str | None, sections: dict[str, Any]) -> int:
    """Let a summariser begin its turn and die in it; give the exit code, which is minus the signal."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(folder, url, sections))
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return process.exitcode


def _run(folder: Path, url: str | None, sections: dict[str, Any]) -> None:
    desk = open_desk(folder, url, **sections)
    store = _DyingStore(desk.config.objects_dir)
    Summariser(desk.config, desk.ledger, store, "test", "+0000").turn()
