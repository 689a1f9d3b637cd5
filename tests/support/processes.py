"""Other processes that work on the ledger and the object files of a test, and can be killed."""

import multiprocessing
import os
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from storage.events import add_event
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.queue import claim, complete, list_jobs
from storage.values import JobKind, JobState
from tests.support.ledgers import add, received

PATIENCE_S = 60.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.support.processes", "alembic.command", "psycopg"])


def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a process that runs a function of this module."""
    child = _context.Process(target=target, args=arguments, daemon=True)
    child.start()
    return child


def finish(child: BaseProcess) -> int | None:
    """Wait for the end of a process and give its exit code."""
    child.join(PATIENCE_S)
    return child.exitcode


def kill_when(child: BaseProcess, sign: Path) -> None:
    """Kill a process with SIGKILL as soon as a file is there."""
    deadline = time.monotonic() + PATIENCE_S
    while not sign.exists():
        assert child.is_alive(), f"the process ended by itself, with {child.exitcode}"
        assert time.monotonic() < deadline, "the process never came so far"
        time.sleep(0.005)
    child.kill()
    child.join(PATIENCE_S)


def open_and_write(url: str) -> None:
    """Open a ledger, new or not, and leave an event in it."""
    ledger = Ledger.open(url)
    with ledger.begin() as connection:
        add_event(connection, "opened", subject=str(os.getpid()))
    ledger.close()


def work_until_empty(url: str, batch: int) -> None:
    """Claim and finish jobs until none is open, each with an event in the same transaction."""
    ledger = Ledger.open(url)
    owner = str(os.getpid())
    while _has_open_jobs(ledger):
        for each in claim(ledger, JobKind.ANALYSE, "", batch, lease=timedelta(minutes=1), owner=owner):
            with ledger.begin() as connection:
                complete(connection, each)
                add_event(connection, "done", subject=each.key, detail=owner)
    ledger.close()


def _has_open_jobs(ledger: Ledger) -> bool:
    with ledger.read() as connection:
        return bool(list_jobs(connection, state=JobState.READY, limit=1))


def claim_and_hang(url: str, lease_s: float, batch: int, sign: Path) -> None:
    """Claim jobs, finish the first, and stall with the next one half done."""
    ledger = Ledger.open(url)
    lease = timedelta(seconds=lease_s)
    first, second, *_ = claim(ledger, JobKind.ANALYSE, "", batch, lease=lease, owner="hanging")
    with ledger.begin() as connection:
        complete(connection, first)
        add_event(connection, "done", subject=first.key, detail="hanging")
    with ledger.begin() as connection:
        complete(connection, second)
        add_event(connection, "done", subject=second.key, detail="hanging")
        hang(sign)


def write_and_hang_before_commit(url: str, folder: Path, sign: Path) -> None:
    """Make an object file durable and stall before the row is committed."""
    ledger = Ledger.open(url)
    ObjectStore(folder).write(received().part10)
    with ledger.begin() as connection:
        add(connection)
        hang(sign)


def hang_while_writing(folder: Path, sign: Path) -> None:
    """Stall with a temporary object file written but not yet synced."""
    store = ObjectStore(folder)
    store.write(b"makes the folders")
    os.fsync = lambda _descriptor: hang(sign)  # type: ignore[assignment]
    store.write(received().part10)


def hang(sign: Path) -> None:
    """Tell by a file that the process has come so far, and wait to be killed."""
    sign.touch()
    time.sleep(PATIENCE_S)
