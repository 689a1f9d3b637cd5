"""Choose the engine for a network and a device, without importing torch where it is not needed."""

from __future__ import annotations

import ctypes
import importlib.util
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.engines.onnx import OnnxEngine
from pipeline.engines.protocol import Engine
from pipeline.errors import BundleError
from pipeline.networks import Architecture


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an engine runs.

    Attributes
    ----------
    device
        ``auto``, ``cpu`` or ``cuda``.
    threads
        Of the CPU engine; 0 lets it choose.
    micro_batch
        Most films at once on a CUDA device.
    """

    device: str = "auto"
    threads: int = 0
    micro_batch: int = 16


def make_engine(graph: Path, weights: Path, architecture: Architecture, placement: Placement) -> Engine:
    """Make the engine of one network.

    Raises
    ------
    BundleError
        If ``cuda`` is demanded where torch or a CUDA device is missing.
    """
    on_cpu = partial(OnnxEngine, graph, threads=placement.threads)
    if placement.device == "cpu" or (placement.device == "auto" and not cuda_is_present()):
        return on_cpu()
    if not cuda_is_present():
        raise BundleError(
            "a CUDA engine is asked for, but torch or a CUDA device is missing; set the engine to cpu"
        )
    from pipeline.engines.cuda import make_cuda_engine

    return make_cuda_engine(weights, architecture, micro_batch=placement.micro_batch, fallback=on_cpu)


def cuda_is_present() -> bool:
    """Whether torch is installed and the CUDA driver names at least one device; imports neither."""
    if importlib.util.find_spec("torch") is None:
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
