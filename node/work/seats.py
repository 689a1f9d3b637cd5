"""Where the worker's processes run: one for each CUDA device, or a few on the processor."""

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass

from node.config.schema import WorkConfig
from node.work.slot import Seat

MOST_CPU_PROCESSES = 8
"""Beyond it memory, not the processor, is what runs out."""


@dataclass(frozen=True, slots=True)
class Seating:
    """Who sits where.

    Attributes
    ----------
    threads
        Of each CPU process; 0 on CUDA devices.
    batch
        Films claimed together: a processor gains nothing from more than one, and shares the work better.
    """

    seats: tuple[Seat, ...]
    threads: int
    batch: int


def plan_seating(work: WorkConfig, cuda_devices: Sequence[str], cores: int) -> Seating:
    """Distribute the processes.

    Parameters
    ----------
    cuda_devices
        Names of the usable devices as in ``CUDA_VISIBLE_DEVICES``.
    cores
        Of the processor that this process may use, at least 1.

    Notes
    -----
    On a processor, processes of one thread each finish about a fifth more films than one process with all
    threads, because reading and writing objects then run beside the networks.
    """
    devices = () if work.engine == "cpu" else tuple(cuda_devices)
    if devices:
        count = len(devices) if work.processes == "auto" else work.processes
        on_devices = (devices[number % len(devices)] for number in range(count))
        seats = tuple(Seat(f"cuda {name}", {"CUDA_VISIBLE_DEVICES": name}) for name in on_devices)
        return Seating(seats, threads=0, batch=work.batch)
    count = min(cores, MOST_CPU_PROCESSES) if work.processes == "auto" else work.processes
    threads = max(1, cores // count)
    environment = {"OMP_NUM_THREADS": str(threads)}
    return Seating(tuple(Seat(f"cpu {number}", environment) for number in range(count)), threads, batch=1)


def usable_cores() -> int:
    """Count the processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def cuda_devices() -> tuple[str, ...]:
    """Name the CUDA devices that the driver offers to this process, without importing torch."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return ()
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return ()
    chosen = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return tuple(chosen[: count.value]) if chosen else tuple(str(number) for number in range(count.value))
