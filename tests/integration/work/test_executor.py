"""The executor port: threads and warm processes behave alike, and processes may die."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from node.work.executor import GivenUp, SlotExecutor
from node.work.slot import Seat


def warm() -> None:
    os.environ["WARM"] = "yes"


def cold() -> None:
    raise ValueError("the model is damaged")


def double(numbers: list[int]) -> list[int]:
    return [2 * number for number in numbers]


def fail(_numbers: list[int]) -> list[int]:
    raise ValueError("odd film")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stall() -> None:
    time.sleep(600)


def whereabouts(variable: str) -> tuple[int, str | None]:
    return os.getpid(), os.environ.get(variable)


def one_seat() -> SlotExecutor:
    return SlotExecutor([Seat("0", {"OMP_NUM_THREADS": "1"})], warm)


@pytest.fixture(params=["threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    make: Callable[[], Executor] = partial(ThreadPoolExecutor, 2) if request.param == "threads" else one_seat
    with make() as running:
        yield running


@pytest.fixture(scope="module")
def slot() -> Iterator[SlotExecutor]:
    with one_seat() as running:
        running.ready.result(30)
        yield running


def test_results_and_errors_come_back_in_futures(executor: Executor) -> None:
    results = [executor.submit(double, [number]) for number in range(5)]
    failed = executor.submit(fail, [1])

    assert [result.result(30) for result in results] == [[0], [2], [4], [6], [8]]
    with pytest.raises(ValueError, match="odd film"):
        failed.result(30)


def test_after_shutdown_nothing_is_taken(executor: Executor) -> None:
    last = executor.submit(double, [1])
    executor.shutdown()

    assert last.result(0) == [2]
    with pytest.raises(RuntimeError):
        executor.submit(double, [2])


def test_processes_are_warm_and_have_their_environment(slot: SlotExecutor) -> None:
    assert slot.submit(whereabouts, "WARM").result(30)[1] == "yes"
    assert slot.submit(whereabouts, "OMP_NUM_THREADS").result(30)[1] == "1"


def test_a_dying_process_takes_only_its_own_batch_along(slot: SlotExecutor) -> None:
    before, _ = slot.submit(whereabouts, "WARM").result(30)
    poison, next_in_line = slot.submit(die), slot.submit(whereabouts, "WARM")

    with pytest.raises(BrokenExecutor):
        poison.result(30)
    after, is_warm = next_in_line.result(30)
    assert after != before
    assert is_warm == "yes"


def test_a_process_killed_while_idle_costs_at_most_one_batch(slot: SlotExecutor) -> None:
    before, _ = slot.submit(whereabouts, "WARM").result(30)
    os.kill(before, signal.SIGKILL)

    with suppress(BrokenExecutor):  # when the batch came before the death was noticed
        slot.submit(whereabouts, "WARM").result(30)
    after, is_warm = slot.submit(whereabouts, "WARM").result(30)

    assert after != before
    assert is_warm == "yes"


def test_a_batch_that_takes_too_long_is_given_up_and_the_next_runs(slot: SlotExecutor) -> None:
    stuck, waiting = slot.submit(stall), slot.submit(double, [4])
    deadline = time.monotonic() + 30
    while not stuck.running() and time.monotonic() < deadline:
        time.sleep(0.01)

    slot.give_up(stuck)

    with pytest.raises(GivenUp):
        stuck.result(30)
    assert waiting.result(30) == [8]


def test_a_failed_warm_up_is_told() -> None:
    executor = SlotExecutor([Seat("0")], cold)
    try:
        with pytest.raises(ValueError, match="the model is damaged"):
            executor.ready.result(30)
    finally:
        executor.shutdown(cancel_futures=True)


def test_shutdown_with_cancel_kills_what_runs_and_cancels_what_waits() -> None:
    executor = one_seat()
    executor.ready.result(30)
    running, waiting = executor.submit(stall), executor.submit(double, [1])
    deadline = time.monotonic() + 30
    while not running.running() and time.monotonic() < deadline:
        time.sleep(0.01)

    executor.shutdown(cancel_futures=True)

    assert waiting.cancelled()
    assert isinstance(running.exception(30), BrokenExecutor)


def test_after_shutdown_no_process_and_no_pool_is_left() -> None:
    children, threads = set(multiprocessing.active_children()), set(threading.enumerate())
    executor = one_seat()
    executor.ready.result(30)

    executor.shutdown()

    assert set(multiprocessing.active_children()) <= children
    assert set(threading.enumerate()) <= threads
