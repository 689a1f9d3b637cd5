"""The one training loop: any device, one process or many, a checkpoint by the clock, weights averaged."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from train.batches import Share
from train.checkpoint import Checkpoint, Progress, load_best
from train.recipes import FitSettings, learning_rate

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from torch import Tensor, nn
    from torch.optim.swa_utils import AveragedModel

    _Tensors = tuple[Tensor, ...] | list[Tensor]

_SECONDS_BETWEEN_CHECKPOINTS = 120.0
_log = logging.getLogger(__name__)


class Task(Protocol):
    """What is learnt: where batches come from, and what counts as wrong and as good."""

    def steps(self) -> int:
        """Batches of one epoch."""
        ...

    def batch(self, epoch: int, step: int, share: Share) -> tuple[Tensor, Tensor]:
        """Give inputs (N, 1, S, S) and targets of this process's share of a batch; always the same ones."""
        ...

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a batch."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Figures on the validation films; ``score`` decides, higher is better."""
        ...


@dataclass(slots=True)
class _Loop:
    """Everything that a step changes."""

    network: nn.Module
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    accelerator: Accelerator
    settings: FitSettings
    progress: Progress
    saved: float = field(default_factory=time.monotonic)


def fit(network: nn.Module, task: Task, settings: FitSettings, run: Path) -> list[dict[str, float]]:
    """Train until the last epoch; a second call with the same run folder goes on where the first was killed.

    Started by ``torchrun``, each process takes its share of every batch.

    Parameters
    ----------
    network
        Changed in place; at the end it holds the best epoch's averaged weights, on the CPU.
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
    checkpoint = Checkpoint(run, settings)
    loop = _start(network, settings)
    checkpoint.resume(loop.network, loop.average, loop.optimiser, loop.progress)
    while loop.progress.epoch < settings.epochs:
        _train_epoch(loop, task, checkpoint)
        _finish_epoch(loop, task, checkpoint)
    loop.accelerator.wait_for_everyone()
    load_best(network.to("cpu"), run)
    return loop.progress.history


def _start(network: nn.Module, settings: FitSettings) -> _Loop:
    import torch
    from accelerate import Accelerator
    from torch.optim.swa_utils import AveragedModel

    torch.set_num_threads(settings.threads)
    accelerator = Accelerator(mixed_precision="bf16" if settings.half_precision else "no")
    network.to(device=accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(network, multi_avg_fn=_moving_average(settings.averaging), use_buffers=True)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    return _Loop(network, average, optimiser, accelerator, settings, Progress())


def _moving_average(decay: float) -> Callable[[_Tensors, _Tensors, Tensor | int], None]:
    """Exponential moving average whose memory is short at first, so that the start weights are forgotten."""
    import torch

    def update(average: _Tensors, current: _Tensors, count: Tensor | int) -> None:
        steps = int(count)
        weight = 1 - min(decay, (1 + steps) / (10 + steps))
        if average[0].is_floating_point():
            torch._foreach_lerp_(average, current, weight)
        else:
            torch._foreach_copy_(average, current)

    return torch.no_grad()(update)


def _train_epoch(loop: _Loop, task: Task, checkpoint: Checkpoint) -> None:
    """Go through what is left of the current epoch."""
    import torch

    accelerator, settings, progress = loop.accelerator, loop.settings, loop.progress
    spread = accelerator.prepare_model(loop.network)
    share = Share(accelerator.process_index, accelerator.num_processes)
    steps = task.steps()
    while progress.step < steps:
        started = time.monotonic()
        loop.network.train()
        done = progress.epoch * steps + progress.step
        torch.manual_seed(settings.seed * 10_007 + done * share.processes + share.rank)
        for group in loop.optimiser.param_groups:
            group["lr"] = learning_rate(settings, done / steps, settings.epochs)
        inputs, targets = task.batch(progress.epoch, progress.step, share)
        inputs, targets = inputs.to(accelerator.device), targets.to(accelerator.device)
        with accelerator.autocast():
            logits = spread(inputs.contiguous(memory_format=torch.channels_last))
        loss = task.loss(logits.float(), targets)
        loop.optimiser.zero_grad(set_to_none=True)
        accelerator.backward(loss)
        torch.nn.utils.clip_grad_norm_(loop.network.parameters(), settings.clip)
        loop.optimiser.step()
        loop.average.update_parameters(loop.network)
        progress.add(float(loss.detach()), time.monotonic() - started)
        _keep_by_the_clock(loop, checkpoint)


def _keep_by_the_clock(loop: _Loop, checkpoint: Checkpoint) -> None:
    if loop.accelerator.is_main_process and time.monotonic() - loop.saved > _SECONDS_BETWEEN_CHECKPOINTS:
        checkpoint.keep(loop.network, loop.average, loop.optimiser, loop.progress)
        loop.saved = time.monotonic()


def _finish_epoch(loop: _Loop, task: Task, checkpoint: Checkpoint) -> None:
    """Validate the averaged weights, note the figures and keep everything."""
    started = time.monotonic()
    averaged = loop.average.module.eval()
    figures = task.validate(averaged)
    loop.progress.finish_epoch(figures, time.monotonic() - started)
    shown = ", ".join(f"{name} {value:.4g}" for name, value in loop.progress.history[-1].items())
    _log.info("epoch %d of %d: %s", loop.progress.epoch, loop.settings.epochs, shown)
    if loop.accelerator.is_main_process:
        checkpoint.keep_best(averaged, loop.progress)
        checkpoint.keep(loop.network, loop.average, loop.optimiser, loop.progress)
    loop.saved = time.monotonic()
