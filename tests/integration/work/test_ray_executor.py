"""The Ray adapter answers as processes on this machine do; collected only where the extra is installed."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor

import pytest

from node.work.ray_executor import RayExecutor


def warm() -> None:
    os.environ["WARM"] = "yes"


def whereabouts(variable: str) -> tuple[int, str | None]:
    return os.getpid(), os.environ.get(variable)


def double(numbers: list[int]) -> list[int]:
    return [2 * number for number in numbers]


def fail(_numbers: list[int]) -> list[int]:
    raise ValueError("odd film")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def executor() -> Iterator[RayExecutor]:
    with RayExecutor(warm, address=None, actors=1) as running:
        yield running


def test_results_and_errors_come_back_in_futures(executor: RayExecutor) -> None:
    results = [executor.submit(double, [number]) for number in range(5)]
    failed = executor.submit(fail, [1])

    assert [result.result(60) for result in results] == [[0], [2], [4], [6], [8]]
    with pytest.raises(ValueError, match="odd film"):
        failed.result(60)


def test_actors_are_warm_processes_of_their_own(executor: RayExecutor) -> None:
    pid, is_warm = executor.submit(whereabouts, "WARM").result(60)

    assert pid != os.getpid()
    assert is_warm == "yes"


def test_a_dead_actor_is_a_broken_executor_and_comes_back_warm(executor: RayExecutor) -> None:
    before, _ = executor.submit(whereabouts, "WARM").result(60)

    with pytest.raises(BrokenExecutor):
        executor.submit(die).result(60)

    for _ in range(20):
        try:
            after, is_warm = executor.submit(whereabouts, "WARM").result(60)
        except BrokenExecutor:
            continue
        break
    assert after != before
    assert is_warm == "yes"
