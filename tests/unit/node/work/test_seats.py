"""Where the worker's processes sit."""

import pytest

from node.config.schema import WorkConfig
from node.work.seats import MOST_CPU_PROCESSES, cuda_devices, plan_seating, usable_cores


def names(work: WorkConfig, devices: tuple[str, ...], cores: int) -> list[str]:
    return [seat.name for seat in plan_seating(work, devices, cores).seats]


def test_each_cuda_device_has_its_process_and_sees_only_that_device() -> None:
    seating = plan_seating(WorkConfig(batch=16), ("0", "2"), 8)

    assert [seat.environment for seat in seating.seats] == [
        {"CUDA_VISIBLE_DEVICES": "0"},
        {"CUDA_VISIBLE_DEVICES": "2"},
    ]
    assert seating.batch == 16


def test_more_processes_than_devices_share_them() -> None:
    assert names(WorkConfig(processes=3), ("0", "1"), 8) == ["cuda 0", "cuda 1", "cuda 0"]


def test_the_engine_cpu_leaves_the_devices_alone() -> None:
    assert names(WorkConfig(engine="cpu"), ("0",), 2) == ["cpu 0", "cpu 1"]


@pytest.mark.parametrize("cores", [1, 2, 4, 7, 8, 64])
def test_processes_and_threads_fill_the_processor_and_no_more(cores: int) -> None:
    seating = plan_seating(WorkConfig(), (), cores)

    assert 1 <= len(seating.seats) <= MOST_CPU_PROCESSES
    assert len(seating.seats) * seating.threads <= cores
    assert len(seating.seats) * (seating.threads + 1) > cores


def test_a_processor_gets_film_by_film() -> None:
    assert plan_seating(WorkConfig(batch=16), (), 2).batch == 1


def test_a_wish_for_more_processes_than_cores_is_granted() -> None:
    seating = plan_seating(WorkConfig(processes=4), (), 2)

    assert (len(seating.seats), seating.threads) == (4, 1)


def test_this_machine_has_a_core_and_its_devices_can_be_counted() -> None:
    assert usable_cores() >= 1
    assert all(device for device in cuda_devices())


@pytest.mark.cuda
def test_a_cuda_machine_has_a_device() -> None:
    assert cuda_devices()
