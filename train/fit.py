"""The one training loop: epochs, a checkpoint after each, resume after a kill, and the best weights kept."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from train.errors import UnusableRun

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

CHECKPOINT, BEST, HISTORY, SETTINGS = "last.pt", "best.safetensors", "history.json", "settings.json"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FitSettings:
    """Every number of the loop that changes the result.

    Attributes
    ----------
    warm_up
        Fraction of all steps in which the learning rate rises to its peak; a half cosine leads down to 0.
    half_precision
        Forward pass in bfloat16 (autocast); weights and optimiser stay float32.
    threads
        Of torch; part of the settings because sums depend on it.
    """

    epochs: int = 12
    batch: int = 16
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warm_up: float = 0.08
    seed: int = 1
    half_precision: bool = True
    threads: int = 2


class Task(Protocol):
    """What is learnt: where batches come from, and what counts as wrong and as good."""

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Give inputs (N, 1, S, S) and targets of one epoch; the same again for the same number."""
        ...

    def steps(self) -> int:
        """Batches of one epoch."""
        ...

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Figures on the validation films; ``score`` decides, higher is better."""
        ...


@dataclass(slots=True)
class _Progress:
    epoch: int
    history: list[dict[str, float]]


def fit(network: nn.Module, task: Task, settings: FitSettings, run: Path) -> list[dict[str, float]]:
    """Train until the last epoch; a second call with the same run folder goes on where the first was killed.

    Parameters
    ----------
    network
        Changed in place; at the end it holds the best epoch's weights.
    run
        Folder for the checkpoint, the best weights and the history.

    Returns
    -------
    list
        One entry an epoch: loss, seconds and the figures of ``task.validate``.

    Raises
    ------
    UnusableRun
        If the folder holds a run with other settings.
    """
    import torch

    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(settings.threads)
    network.to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    progress = _resume(network, optimiser, settings, run)
    while progress.epoch < settings.epochs:
        started = time.monotonic()
        loss = _train_epoch(network, optimiser, task, settings, progress.epoch)
        network.eval()
        figures = {"loss": loss, **task.validate(network), "seconds": time.monotonic() - started}
        progress.history.append(figures)
        progress.epoch += 1
        _log.info("epoch %d of %d: %s", progress.epoch, settings.epochs, _show(figures))
        _keep(network, optimiser, settings, progress, run)
    load_best(network, run)
    return progress.history


def write_settings(run: Path, settings: Mapping[str, object]) -> None:
    """Keep the settings of a run in its folder, for the export."""
    run.mkdir(parents=True, exist_ok=True)
    (run / SETTINGS).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def read_settings(run: Path) -> dict[str, Any]:
    """Read what `write_settings` wrote.

    Raises
    ------
    UnusableRun
        If the folder holds no run.
    """
    try:
        settings: dict[str, Any] = json.loads((run / SETTINGS).read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableRun(f"{run} holds no training run: {error.strerror}") from error
    return settings


def load_best(network: nn.Module, run: Path) -> None:
    """Put the best epoch's weights into the network."""
    from safetensors.torch import load_file

    network.load_state_dict(load_file(run / BEST))
    network.eval()


def _train_epoch(
    network: nn.Module, optimiser: torch.optim.Optimizer, task: Task, settings: FitSettings, epoch: int
) -> float:
    import torch

    torch.manual_seed(settings.seed * 10_007 + epoch)
    network.train()
    total, count = 0.0, 0
    for step, (inputs, targets) in enumerate(task.batches(epoch)):
        _set_rate(optimiser, settings, (epoch * task.steps() + step) / (settings.epochs * task.steps()))
        with torch.autocast("cpu", torch.bfloat16, enabled=settings.half_precision):
            logits = network(inputs.contiguous(memory_format=torch.channels_last))
        loss = task.loss(logits.float(), targets)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        total, count = total + loss.item(), count + 1
    return total / max(count, 1)


def _set_rate(optimiser: torch.optim.Optimizer, settings: FitSettings, done: float) -> None:
    if done < settings.warm_up:
        factor = (done + 1e-3) / settings.warm_up
    else:
        factor = 0.5 * (1 + math.cos(math.pi * (done - settings.warm_up) / (1 - settings.warm_up)))
    for group in optimiser.param_groups:
        group["lr"] = settings.learning_rate * min(factor, 1.0)


def _resume(
    network: nn.Module, optimiser: torch.optim.Optimizer, settings: FitSettings, run: Path
) -> _Progress:
    import torch

    path = run / CHECKPOINT
    if not path.exists():
        return _Progress(0, [])
    state: dict[str, Any] = torch.load(path, weights_only=True)
    if state["settings"] != asdict(settings):
        raise UnusableRun(
            f"{run} was started with {state['settings']}; use another folder or the same settings"
        )
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    _log.info("going on after epoch %d", state["epoch"])
    return _Progress(state["epoch"], state["history"])


def _keep(
    network: nn.Module,
    optimiser: torch.optim.Optimizer,
    settings: FitSettings,
    progress: _Progress,
    run: Path,
) -> None:
    import torch
    from safetensors.torch import save_file

    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    if progress.history[-1]["score"] >= max(entry["score"] for entry in progress.history):
        save_file(weights, run / f"{BEST}.partial")
        (run / f"{BEST}.partial").replace(run / BEST)
    state = {
        "epoch": progress.epoch,
        "history": progress.history,
        "settings": asdict(settings),
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    torch.save(state, run / f"{CHECKPOINT}.partial")
    (run / f"{CHECKPOINT}.partial").replace(run / CHECKPOINT)
    (run / HISTORY).write_text(json.dumps(progress.history, indent=1) + "\n", encoding="utf-8")


def _show(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
