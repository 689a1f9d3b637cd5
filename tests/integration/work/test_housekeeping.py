"""Old rows go by themselves while a node runs; what somebody may still need stays."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.housekeeping import keep_house, tidy_up
from node.processes.lifetime import Drain
from storage.events import add_event, list_events
from storage.ledger import Ledger
from storage.queue import complete, list_jobs
from storage.values import JobKind, JobState
from tests.support.ledgers import claim_jobs, queue_jobs
from tests.support.waiting import wait_until


def fill(url: str, days_ago: int) -> None:
    """Let a job end and an event happen some days ago."""
    then = datetime.now(UTC) - timedelta(days=days_ago)
    ledger = Ledger.open(url, clock=lambda: then)
    queue = {"kind": JobKind.DELIVER, "destination": str(days_ago)}
    queue_jobs(ledger, f"done {days_ago}", f"open {days_ago}", **queue)  # type: ignore[arg-type]
    (claim,) = claim_jobs(ledger, 1, **queue)  # type: ignore[arg-type]
    with ledger.begin() as connection:
        complete(connection, claim)
        add_event(connection, "happened", subject=str(days_ago))
    ledger.close()


def left(ledger: Ledger) -> tuple[list[str], list[str]]:
    with ledger.read() as connection:
        jobs, events = list_jobs(connection), list_events(connection)
    assert all(job.state is JobState.READY for job in jobs if job.key.startswith("open"))
    return sorted(job.key for job in jobs), sorted(event.subject for event in events)


@pytest.fixture
def ledger(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    Ledger.open(url).close()
    fill(url, 100)
    fill(url, 10)
    opened = Ledger.open(url)
    yield opened
    opened.close()


def test_only_what_ended_long_ago_is_forgotten(ledger: Ledger) -> None:
    tidy_up(ledger, 90, Drain())
    assert left(ledger) == (["done 10", "open 10", "open 100"], ["10"])


def test_any_number_of_days_is_allowed(ledger: Ledger) -> None:
    tidy_up(ledger, 10**12, Drain())
    assert len(left(ledger)[0]) == 4


def test_zero_days_keep_everything(ledger: Ledger) -> None:
    tidy_up(ledger, 0, Drain())
    assert left(ledger) == (["done 10", "done 100", "open 10", "open 100"], ["10", "100"])


def test_a_node_that_stops_does_not_tidy_up_first(ledger: Ledger) -> None:
    drain = Drain()
    drain.request()
    keep_house(ledger, 1, drain)
    assert len(left(ledger)[0]) == 4


def test_the_house_is_kept_until_the_wish_to_stop(ledger: Ledger) -> None:
    drain = Drain()
    keeper = threading.Thread(target=keep_house, args=(ledger, 90, drain), kwargs={"pause_s": 0.05})
    keeper.start()
    try:
        wait_until(lambda: left(ledger)[1] == ["10"], 10)
        fill(str(ledger._engine.url), 200)
        wait_until(lambda: left(ledger)[1] == ["10"] and "done 200" not in left(ledger)[0], 10)
    finally:
        drain.request()
        keeper.join(10)
    assert not keeper.is_alive()
