"""Several processes, some of them killed, share a ledger and lose nothing."""

from collections import Counter
from pathlib import Path

import pytest

from storage.events import list_events
from storage.instances import find_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.queue import list_jobs
from storage.values import JobState
from tests.support.ledgers import add, file_of, queue_jobs, received
from tests.support.processes import (
    claim_and_hang,
    finish,
    hang_while_writing,
    kill_when,
    start,
    work_until_empty,
    write_and_hang_before_commit,
)

JOBS = 60
LEASE_S = 1.0
BATCH = 4


@pytest.fixture
def sign(tmp_path: Path) -> Path:
    return tmp_path / "sign"


def done(ledger: Ledger) -> Counter[str]:
    """Count how often each job was finished."""
    with ledger.read() as connection:
        return Counter(event.subject for event in list_events(connection, limit=10 * JOBS))


def test_two_processes_share_the_work_and_do_nothing_twice(ledger: Ledger, ledger_url: str) -> None:
    keys = [str(number) for number in range(JOBS)]
    queue_jobs(ledger, *keys)
    # The clock of this ledger stands still; the workers' clocks are real and far ahead.
    workers = [start(work_until_empty, ledger_url, BATCH) for _ in range(2)]

    assert [finish(worker) for worker in workers] == [0, 0]
    assert done(ledger) == Counter(keys)
    with ledger.read() as connection:
        assert {job.state for job in list_jobs(connection)} == {JobState.DONE}


def test_work_of_a_killed_process_is_taken_over_once(ledger: Ledger, ledger_url: str, sign: Path) -> None:
    keys = [str(number) for number in range(JOBS)]
    queue_jobs(ledger, *keys)
    kill_when(start(claim_and_hang, ledger_url, LEASE_S, BATCH, sign), sign)
    assert done(ledger) == Counter(keys[:1])

    assert finish(start(work_until_empty, ledger_url, BATCH)) == 0
    assert done(ledger) == Counter(keys)
    with ledger.read() as connection:
        attempts = Counter(job.attempts for job in list_jobs(connection))
    assert attempts == {1: JOBS - BATCH + 1, 2: BATCH - 1}


def test_a_process_killed_before_its_commit_leaves_no_row(
    ledger: Ledger, ledger_url: str, tmp_path: Path, sign: Path
) -> None:
    folder = tmp_path / "objects"
    kill_when(start(write_and_hang_before_commit, ledger_url, folder, sign), sign)

    instance = received()
    with ledger.read() as connection:
        assert find_instance(connection, str(instance.attributes["SOPInstanceUID"])) is None
    store = ObjectStore(folder)
    assert store.sweep() == 0
    file = store.write(instance.part10)
    with ledger.begin() as connection:
        assert add(connection).file == file == file_of(instance)
    assert [path for path in folder.rglob("*") if path.is_file()] == [store.path(file)]


def test_a_process_killed_while_writing_leaves_only_what_is_swept(tmp_path: Path, sign: Path) -> None:
    folder = tmp_path / "objects"
    kill_when(start(hang_while_writing, folder, sign), sign)
    store = ObjectStore(folder)
    assert len(list((folder / "tmp").iterdir())) == 1
    assert not store.path(file_of(received())).exists()

    assert store.sweep() == 1
    assert list((folder / "tmp").iterdir()) == []
