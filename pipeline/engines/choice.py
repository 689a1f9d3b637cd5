"""Choose the engine for a network and a device, without importing torch where it is not needed."""

from __future__ import annotations

import ctypes
import importlib.util
import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipeline.engines.onnx import OnnxEngine
from pipeline.engines.protocol import Engine
from pipeline.errors import BundleError
from pipeline.networks import Architecture

_log = logging.getLogger(__name__)


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
    wanted = placement.device == "cuda" or (placement.device == "auto" and cuda_is_present())
    if not wanted:
        return on_cpu()
    if not (cuda_is_present() and _torch_sees_cuda()):
        if placement.device == "auto":
            _log.warning("a CUDA device is present, but this torch was built without CUDA; using the CPU")
            return on_cpu()
        raise BundleError("the engine is set to cuda, but torch or a CUDA device is missing; set it to cpu")
    from pipeline.engines.cuda import make_cuda_engine

    try:
        return make_cuda_engine(weights, architecture, micro_batch=placement.micro_batch, fallback=on_cpu)
    except RuntimeError as error:
        if placement.device == "cuda":
            raise BundleError(f"the CUDA device cannot take the network: {error}") from error
        _log.warning("the CUDA device cannot take the network (%s); using the CPU", error)
        return on_cpu()


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


def _torch_sees_cuda() -> bool:
    import torch

    return torch.cuda.is_available()
