"""The training code as an engine: what `pipeline.engines` does from files, with the network in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle.manifest import PostProcessing, Preprocessing, Segmenter
from train.films import fit_of
from train.recipes import Profile

if TYPE_CHECKING:
    from torch import nn


class TorchEngine:
    """Runs a trained network in float32, see `pipeline.engines.Engine`.

    Parameters
    ----------
    network
        Stays where it is; runs there.
    batch
        Most films at once.
    """

    device = "cpu"

    def __init__(self, network: nn.Module, batch: int = 16) -> None:
        self._network = network.eval()
        self._batch = batch

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the logits of inputs (N, 1, S, S)."""
        import torch

        device = next(self._network.parameters()).device
        parts = [batch[start : start + self._batch] for start in range(0, len(batch), self._batch)]
        with torch.inference_mode():
            outputs = [
                self._network(torch.from_numpy(part).to(device)).float().cpu().numpy() for part in parts
            ]
        return np.concatenate(outputs)


class RememberingEngine:
    """Runs another engine once for each different input, so that ways to use its answers can be compared."""

    def __init__(self, engine: TorchEngine) -> None:
        self._engine = engine
        self._known: dict[bytes, NDArray[np.float32]] = {}
        self.device = engine.device

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the logits of inputs (N, 1, S, S)."""
        keys = [_key(film) for film in batch]
        new = {key: i for i, key in enumerate(keys) if key not in self._known}
        if new:
            answers = self._engine.run(batch[list(new.values())])
            self._known.update(zip(new, answers, strict=True))
        return np.stack([self._known[key] for key in keys])


def best_device() -> str:
    """Where a network answers fastest on this machine."""
    import torch

    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return "cpu" if accelerator is None else accelerator.type


def segmenter_of(size: int, profile: Profile, postprocessing: PostProcessing) -> Segmenter:
    """Describe a segmenter that lies in no bundle, as far as `pipeline.segment.LungSegmenter` asks."""
    fields: dict[str, Any] = {
        "preprocessing": Preprocessing(fit=fit_of(profile), size=size),
        "postprocessing": postprocessing,
    }
    return Segmenter.model_construct(**fields)


def _key(film: NDArray[np.float32]) -> bytes:
    from hashlib import sha256

    return sha256(film.tobytes()).digest()
