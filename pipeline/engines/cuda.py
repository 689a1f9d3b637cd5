"""The CUDA engine: torch in bfloat16 and channels_last, in micro-batches that shrink when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.engines.protocol import Engine
from pipeline.networks import Architecture, build_network

if TYPE_CHECKING:
    import torch
    from torch import nn

Forward = Callable[["torch.Tensor"], "torch.Tensor"]
"""Float32 input on the host to logits on any device; raises what torch raises."""

_DEVICE_WORDS = ("CUDA", "cuda", "cuDNN", "CUDNN", "CUBLAS", "cuBLAS", "NVML")
_log = logging.getLogger(__name__)


class CudaEngine:
    """Runs a forward function in micro-batches, and on the CPU once the device is gone.

    Parameters
    ----------
    forward
        The network on the device.
    micro_batch
        Most films at once; halved for good each time the device runs out of memory.
    fallback
        Makes the CPU engine, only when it is needed.
    """

    def __init__(self, forward: Forward, *, micro_batch: int, fallback: Callable[[], Engine]) -> None:
        self._forward: Forward | None = forward
        self._micro_batch = max(1, micro_batch)
        self._make_fallback = fallback
        self._fallback: Engine | None = None

    @property
    def device(self) -> str:
        """``cuda`` as long as the device answers, ``cpu`` afterwards."""
        return "cpu" if self._forward is None else "cuda"

    @property
    def micro_batch(self) -> int:
        """Films at once, as memory has allowed so far."""
        return self._micro_batch

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a batch, whatever becomes of the device; shapes as in `pipeline.engines.protocol.Engine`."""
        parts: list[NDArray[np.float32]] = []
        done = 0
        while done < len(batch) and self._forward is not None:
            part = batch[done : done + self._micro_batch]
            answer = self._try(self._forward, part)
            if answer is not None:
                parts.append(answer)
                done += len(part)
        if done < len(batch) or not parts:
            parts.append(self._on_cpu().run(batch[done:]))
        return np.concatenate(parts)

    def _try(self, forward: Forward, part: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """Run one micro-batch; None when it has to be tried again, smaller or elsewhere."""
        try:
            return self._on_device(forward, part)
        except RuntimeError as error:
            if not _is_out_of_memory(error):
                self._leave_device(error)
                return None
        if len(part) > 1:
            self._shrink(len(part))
            return None
        _log.warning("the CUDA device has no memory for a single film; the CPU takes this one")
        return self._on_cpu().run(part)

    @staticmethod
    def _on_device(forward: Forward, part: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            logits = forward(torch.from_numpy(np.ascontiguousarray(part)))
            answer: NDArray[np.float32] = logits.float().cpu().numpy()
        return answer

    def _shrink(self, tried: int) -> None:
        import torch

        self._micro_batch = tried // 2
        _log.warning("the CUDA device is out of memory; going on with %d films at once", self._micro_batch)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _leave_device(self, error: RuntimeError) -> None:
        """Give the device up when the error is its own; a fault of the input is the caller's."""
        import torch

        is_device_error = isinstance(error, torch.AcceleratorError) or any(
            word in str(error) for word in _DEVICE_WORDS
        )
        if not is_device_error:
            raise error
        _log.error("the CUDA device is gone (%s); this process goes on with its CPU engine", error)
        self._forward = None

    def _on_cpu(self) -> Engine:
        if self._fallback is None:
            self._fallback = self._make_fallback()
        return self._fallback


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether torch, the CUDA runtime, cuDNN or cuBLAS had no memory; each says it in its own way."""
    import torch

    text = str(error)
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in text or "ALLOC_FAILED" in text


def make_cuda_engine(
    weights: Path, architecture: Architecture, *, micro_batch: int, fallback: Callable[[], Engine]
) -> CudaEngine:
    """Put a network with a bundle's weights on the first visible CUDA device."""
    import torch

    network = load_network(weights, architecture).to("cuda", memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(batch: torch.Tensor) -> torch.Tensor:
        on_device = batch.pin_memory().to("cuda", non_blocking=True, memory_format=torch.channels_last)
        with torch.autocast("cuda", torch.bfloat16):
            logits: torch.Tensor = network(on_device)
        return logits

    return CudaEngine(forward, micro_batch=micro_batch, fallback=fallback)


def load_network(weights: Path, architecture: Architecture) -> nn.Module:
    """Build a network in float32 with weights from a safetensors file, ready to run on the CPU.

    Raises
    ------
    BundleError
        If a tensor is missing, superfluous or of another shape.
    """
    from safetensors.torch import load_file

    from pipeline.errors import BundleError

    network = build_network(architecture)
    stored = {name: tensor.float() for name, tensor in load_file(weights).items()}
    expected = {name for name, tensor in network.state_dict().items() if tensor.is_floating_point()}
    if expected != set(stored):
        raise BundleError(f"{weights.name} holds the tensors of another architecture")
    try:
        network.load_state_dict(stored, strict=False)
    except RuntimeError as error:
        raise BundleError(f"{weights.name} does not fit its architecture: {error}") from error
    return network.eval()
