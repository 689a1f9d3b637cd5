"""The worker loop over a real ledger, with threads and with processes as its engine."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from node.processes.lifetime import Drain
from node.routing.values import Sender
from node.work.doorbell import Doorbell, ring
from node.work.executor import SlotExecutor
from node.work.slot import Seat
from node.work.values import Film, FilmOutcome, FilmResult
from node.work.worker import ProcessBatch, Worker, WorkerSettings
from storage import ledger
from storage.analyses import latest_analysis
from storage.events import list_events
from storage.instances import results_of
from storage.queue import claim, extend, retry_job
from storage.values import JobKind, JobState, Role
from tests.support.films import make_film
from tests.support.waiting import wait_until
from tests.support.work import FAIL, ODD, POISON, Desk

LEASE = timedelta(seconds=30)


@contextmanager
def working(
    desk: Desk, engine: Executor, process: ProcessBatch | None = None, **settings: Any
) -> Iterator[Drain]:
    """Run a worker in a thread; it drains at the end."""
    drain = Drain()
    values = {"owner": "test:0", "batch": 4, "lease": LEASE, "poll_s": 0.05, **settings}
    give_up = getattr(engine, "give_up", None)
    runs = process or desk.process()
    worker = Worker(engine, lambda: runs, desk.concluder(), WorkerSettings(**values), give_up=give_up)
    with Doorbell(desk.data_dir, "analyse") as bell:
        thread = threading.Thread(target=worker.run, args=(bell, drain))
        thread.start()
        try:
            yield drain
        finally:
            drain.request()
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as engine:
        yield engine


@pytest.fixture(scope="module")
def processes() -> Iterator[SlotExecutor]:
    engine = SlotExecutor([Seat("0")], int)
    yield engine
    engine.shutdown(cancel_futures=True)


def film(patient_id: str) -> Any:
    return make_film(rows=64, columns=52, PatientID=patient_id)


def roles(desk: Desk, instance_id: int) -> list[Role]:
    with desk.ledger.read() as connection:
        return [result.role for result in results_of(connection, instance_id)]


def test_a_film_ends_with_its_results_its_record_and_the_delivery_jobs(
    any_desk: Desk, threads: Executor
) -> None:
    source = any_desk.receive()
    with working(any_desk, threads):
        wait_until(lambda: any_desk.is_done(JobKind.ANALYSE), 20)

    with any_desk.ledger.read() as connection:
        results = results_of(connection, source.instance_id)
        record = latest_analysis(connection, source.instance_id)
    assert [result.role for result in results] == [Role.SEGMENTATION, Role.REPORT]
    assert {job.key for job in any_desk.jobs(JobKind.DELIVER)} == {
        result.sop_instance_uid for result in results
    }
    assert {job.destination for job in any_desk.jobs(JobKind.DELIVER)} == {"pacs"}
    assert record is not None
    assert (record.outcome, record.probability) == ("present", 0.87312)
    assert all(any_desk.store.read(result.file) for result in results)
    assert any_desk.store.path(str(record.details["overlay"])).is_file()


def test_a_second_run_makes_the_same_instances_and_delivers_nothing_twice(
    desk: Desk, threads: Executor
) -> None:
    source = desk.receive()
    with working(desk, threads):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)
        first = desk.jobs(JobKind.DELIVER)
        (job,) = desk.jobs(JobKind.ANALYSE)
        with desk.ledger.begin() as connection:
            retry_job(connection, job.job_id, again=True)
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    assert roles(desk, source.instance_id) == [Role.SEGMENTATION, Role.REPORT]
    assert [job.job_id for job in desk.jobs(JobKind.DELIVER)] == [job.job_id for job in first]


def test_results_that_the_ledger_will_never_take_cost_their_own_film_only(
    desk: Desk, threads: Executor
) -> None:
    odd, plain = desk.receive(film(ODD)), desk.receive()
    honest = desk.process()

    def process(films: Sequence[Film]) -> list[FilmOutcome]:
        outcomes = list(honest(films))
        for number, outcome in enumerate(outcomes):
            if isinstance(outcome, FilmResult) and outcome.record.source_instance_id == odd.instance_id:
                nowhere = replace(outcome.record, source_instance_id=odd.instance_id + 1000)
                outcomes[number] = replace(outcome, record=nowhere)
        return outcomes

    with working(desk, threads, process):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    states = {job.instance_id: job.state for job in desk.jobs(JobKind.ANALYSE)}
    assert states == {odd.instance_id: JobState.DEAD, plain.instance_id: JobState.DONE}
    assert roles(desk, odd.instance_id) == []


def test_a_worker_that_stops_while_the_ledger_refuses_waits_for_it(
    desk: Desk, threads: Executor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    source = desk.receive()
    monkeypatch.setattr(ledger, "BUSY_TIMEOUT_S", 0.05)
    began, may_end = threading.Event(), threading.Event()

    def process(films: Sequence[Film]) -> Sequence[FilmOutcome]:
        began.set()
        assert may_end.wait(20)
        return desk.process()(films)

    with working(desk, threads, process, lease=timedelta(minutes=5)) as drain:
        assert began.wait(20)
        with desk.ledger.begin():
            drain.request()
            may_end.set()
            wait_until(lambda: "ledger refuses" in caplog.text, 20)
    wait_until(lambda: desk.is_done(JobKind.ANALYSE), 5)

    assert roles(desk, source.instance_id) == [Role.SEGMENTATION, Role.REPORT]


def test_urgent_films_stay_urgent_on_their_way_out(desk: Desk, threads: Executor) -> None:
    desk.receive(priority=10)
    with working(desk, threads):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    assert {job.priority for job in desk.jobs(JobKind.DELIVER)} == {10}


def test_a_film_that_cannot_be_judged_still_gets_its_report(desk: Desk, threads: Executor) -> None:
    source = desk.receive(film(ODD))
    with working(desk, threads):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    assert roles(desk, source.instance_id) == [Role.REPORT]


def test_a_software_failure_is_tried_again_and_reported_at_the_last_attempt(
    desk: Desk, threads: Executor
) -> None:
    source = desk.receive(film(FAIL), max_attempts=3)
    with working(desk, threads):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    (job,) = desk.jobs(JobKind.ANALYSE)
    assert (job.state, job.attempts) == (JobState.DONE, 3)
    assert roles(desk, source.instance_id) == [Role.REPORT]
    with desk.ledger.read() as connection:
        record = latest_analysis(connection, source.instance_id)
    assert record is not None
    assert record.outcome == "failed"


def test_a_damaged_file_is_a_dead_letter_at_once_and_its_neighbours_are_done(
    desk: Desk, threads: Executor
) -> None:
    damaged, whole = desk.receive(), desk.receive()
    desk.store.path(damaged.file).write_bytes(b"rot")
    with working(desk, threads):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    states = {job.key: job for job in desk.jobs(JobKind.ANALYSE)}
    dead = states[damaged.sop_instance_uid]
    assert (dead.state, dead.attempts) == (JobState.DEAD, 1)
    assert "damaged" in dead.error
    assert states[whole.sop_instance_uid].state is JobState.DONE


def test_poison_ends_dead_alone_and_all_others_are_done(desk: Desk, processes: SlotExecutor) -> None:
    others = [desk.receive() for _ in range(5)]
    poison = desk.receive(film(POISON), max_attempts=3)
    others += [desk.receive() for _ in range(5)]
    with working(desk, processes, batch=8):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 60)

    states = {job.key: job for job in desk.jobs(JobKind.ANALYSE)}
    assert states[poison.sop_instance_uid].state is JobState.DEAD
    assert states[poison.sop_instance_uid].error == "the engine's process died"
    with desk.ledger.read() as connection:
        (event,) = list_events(connection, subject=poison.sop_instance_uid)
    assert event.what == "analysis given up"
    assert {states[other.sop_instance_uid].state for other in others} == {JobState.DONE}
    assert all(len(roles(desk, other.instance_id)) == 2 for other in others)


def test_a_batch_that_outstays_its_time_is_ended_and_tried_again(desk: Desk, processes: SlotExecutor) -> None:
    desk.receive(max_attempts=2)
    with working(desk, processes, _stall, batch_timeout_s=0.5):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 30)

    (job,) = desk.jobs(JobKind.ANALYSE)
    assert (job.state, job.attempts, job.error) == (JobState.DEAD, 2, "the analysis took too long")


def _stall(_films: Sequence[Film]) -> Sequence[FilmOutcome]:
    threading.Event().wait(600)
    return []


def test_the_lease_is_extended_while_the_engine_works(desk: Desk, threads: Executor) -> None:
    desk.receive()
    go_on = threading.Event()

    def slowly(films: Sequence[Film]) -> Sequence[FilmOutcome]:
        go_on.wait(20)
        return desk.process()(films)

    with working(desk, threads, slowly, lease=timedelta(seconds=0.6)):
        wait_until(lambda: any(job.attempts for job in desk.jobs(JobKind.ANALYSE)), 10)
        threading.Event().wait(1.5)  # longer than the lease
        (job,) = desk.jobs(JobKind.ANALYSE)
        assert (job.running, job.attempts) == (True, 1)
        assert not claim(desk.ledger, JobKind.ANALYSE, "", 1, lease=LEASE, owner="other")
        go_on.set()
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    assert desk.jobs(JobKind.ANALYSE)[0].attempts == 1


def test_a_zombie_whose_lease_was_taken_over_changes_nothing(any_desk: Desk) -> None:
    source = any_desk.receive()
    short = timedelta(milliseconds=1)
    (zombie,) = claim(any_desk.ledger, JobKind.ANALYSE, "", 1, lease=short, owner="zombie")
    wait_until(lambda: not any_desk.jobs(JobKind.ANALYSE)[0].running, 5)
    (winner,) = claim(any_desk.ledger, JobKind.ANALYSE, "", 1, lease=LEASE, owner="winner")
    sender = Sender("MODALITY", "NEOLUNG", "127.0.0.1")
    stored = Film(source.instance_id, source.sop_instance_uid, source.file, source.received_at, sender)
    (result,) = any_desk.process()([stored])
    concluder = any_desk.concluder()

    assert isinstance(result, FilmResult)
    assert concluder.finish(zombie, result) is False
    assert extend(any_desk.ledger, [zombie], LEASE) == 0
    assert roles(any_desk, source.instance_id) == []
    assert concluder.finish(winner, result) is True
    assert roles(any_desk, source.instance_id) == [Role.SEGMENTATION, Role.REPORT]


def test_a_stopping_worker_finishes_what_runs_and_hands_back_what_waits(desk: Desk) -> None:
    for _ in range(3):
        desk.receive()
    begun, go_on = threading.Event(), threading.Event()

    def slowly(films: Sequence[Film]) -> Sequence[FilmOutcome]:
        begun.set()
        go_on.wait(20)
        return desk.process()(films)

    with ThreadPoolExecutor(1) as engine, working(desk, engine, slowly, batch=1, in_flight=2) as drain:
        assert begun.wait(10)
        wait_until(lambda: sum(job.running for job in desk.jobs(JobKind.ANALYSE)) == 2, 10)
        drain.request()
        wait_until(lambda: sum(job.running for job in desk.jobs(JobKind.ANALYSE)) == 1, 10)
        go_on.set()

    states = sorted((job.state, job.attempts, job.running) for job in desk.jobs(JobKind.ANALYSE))
    assert states == [(JobState.DONE, 1, False), (JobState.READY, 0, False), (JobState.READY, 0, False)]


def test_a_stopping_worker_does_not_wait_for_ever(desk: Desk) -> None:
    desk.receive()
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as engine:
        with working(desk, engine, lambda films: go_on.wait(20) and [], drain_timeout_s=0.2):
            wait_until(lambda: desk.jobs(JobKind.ANALYSE)[0].running, 10)
        go_on.set()

    (job,) = desk.jobs(JobKind.ANALYSE)
    assert (job.state, job.attempts, job.running) == (JobState.READY, 0, False)


def test_a_restarted_worker_takes_its_own_leases_back_at_once(desk: Desk, threads: Executor) -> None:
    desk.receive()
    hour = timedelta(hours=1)
    assert claim(desk.ledger, JobKind.ANALYSE, "", 1, lease=hour, owner="test:0")

    with working(desk, threads):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    assert desk.jobs(JobKind.ANALYSE)[0].attempts == 2


def test_a_ring_wakes_the_worker_long_before_its_next_look(desk: Desk, threads: Executor) -> None:
    with working(desk, threads, poll_s=600):
        desk.receive()
        ring(desk.data_dir, "analyse")
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 10)


def test_the_engine_may_fail_as_a_whole(desk: Desk, threads: Executor) -> None:
    desk.receive(max_attempts=2)

    def broken(_films: Sequence[Film]) -> Sequence[FilmOutcome]:
        raise ValueError("Secret^Name")

    with working(desk, threads, broken):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    (job,) = desk.jobs(JobKind.ANALYSE)
    assert job.state is JobState.DEAD
    assert "ValueError" in job.error
    assert "Secret" not in job.error
