"""The one training loop: any device, one process or many, a checkpoint by the clock, weights averaged."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from train.ahead import made_ahead
from train.batches import Share
from train.checkpoint import Checkpoint, Progress, load_best
from train.curves import draw_curves
from train.display import StepBar
from train.processes import is_main
from train.recipes import FitSettings, learning_rate

if TYPE_CHECKING:
    import torch
    from accelerate import Accelerator
    from torch import Tensor, nn
    from torch.optim.swa_utils import AveragedModel

    _Tensors = tuple[Tensor, ...] | list[Tensor]

_SECONDS_BETWEEN_CHECKPOINTS = 120.0
_SECONDS_BETWEEN_PICTURES = 60.0
_BATCHES_AHEAD = 2
"""Made in a thread while a GPU computes; on a CPU there is nothing to gain."""
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
    spread: nn.Module
    average: AveragedModel
    optimiser: torch.optim.Optimizer
    accelerator: Accelerator
    settings: FitSettings
    progress: Progress
    bar: StepBar
    saved: float = field(default_factory=time.monotonic)
    drawn: float = field(default_factory=time.monotonic)

    @property
    def share(self) -> Share:
        """Part of each batch that this process takes."""
        return Share(self.accelerator.process_index, self.accelerator.num_processes)


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
    loop = _start(network, settings, StepBar(run.name, settings.epochs, task.steps(), shown=is_main()))
    checkpoint.resume(loop.network, loop.average, loop.optimiser, loop.progress)
    with loop.bar:
        while loop.progress.epoch < settings.epochs:
            _train_epoch(loop, task, checkpoint)
            _finish_epoch(loop, task, checkpoint, run)
    loop.accelerator.wait_for_everyone()
    _recompute(network, wanted=False)
    load_best(network.to("cpu"), run)
    return loop.progress.history


def _start(network: nn.Module, settings: FitSettings, bar: StepBar) -> _Loop:
    import torch
    from accelerate import Accelerator
    from torch.optim.swa_utils import AveragedModel

    torch.set_num_threads(settings.threads)
    # Said of the CPU, several processes talk to each other by gloo; unsaid, each would train alone.
    accelerator = Accelerator(mixed_precision="no", cpu=not torch.accelerator.is_available())
    network.to(device=accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = AveragedModel(network, multi_avg_fn=_moving_average(settings.averaging), use_buffers=True)
    _recompute(network, wanted=settings.recompute)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    spread = accelerator.prepare_model(network)
    return _Loop(network, spread, average, optimiser, accelerator, settings, Progress(), bar)


def _recompute(network: nn.Module, *, wanted: bool) -> None:
    """Switch gradient checkpointing of the timm network, which in a U-Net is the encoder's model."""
    encoder = getattr(network, "encoder", network)
    switch = getattr(getattr(encoder, "model", encoder), "set_grad_checkpointing", None)
    if switch is not None:
        switch(wanted)


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
    progress, on_cpu = loop.progress, loop.accelerator.device.type == "cpu"
    epoch, steps = progress.epoch, task.steps()

    def make(step: int) -> tuple[Tensor, Tensor]:
        inputs, targets = task.batch(epoch, step, loop.share)
        return (inputs, targets) if on_cpu else (inputs.pin_memory(), targets.pin_memory())

    started = time.monotonic()
    for inputs, targets in made_ahead(make, range(progress.step, steps), 0 if on_cpu else _BATCHES_AHEAD):
        loss = _step(loop, task, inputs, targets, epoch * steps + progress.step)
        now = time.monotonic()
        progress.add(loss, now - started)
        started = now
        loop.bar.show(epoch, progress.step, progress.loss / progress.step)
        _keep_by_the_clock(loop, checkpoint)


def _step(loop: _Loop, task: Task, inputs: Tensor, targets: Tensor, done: int) -> float:
    """Take one step, the ``done``-th from the start; gives the loss."""
    import torch

    settings, device, share = loop.settings, loop.accelerator.device, loop.share
    torch.manual_seed(settings.seed * 10_007 + done * share.processes + share.rank)
    for group in loop.optimiser.param_groups:
        group["lr"] = learning_rate(settings, done / task.steps(), settings.epochs)
    loop.network.train()
    inputs, targets = inputs.to(device, non_blocking=True), targets.to(device, non_blocking=True)
    with torch.autocast(device.type, torch.bfloat16, enabled=settings.half_precision):
        logits = loop.spread(inputs.contiguous(memory_format=torch.channels_last))
    loss = task.loss(logits.float(), targets)
    loop.optimiser.zero_grad(set_to_none=True)
    loop.accelerator.backward(loss)
    if settings.clip:
        torch.nn.utils.clip_grad_norm_(loop.network.parameters(), settings.clip)
    loop.optimiser.step()
    loop.average.update_parameters(loop.network)
    return float(loss.detach())


def _keep_by_the_clock(loop: _Loop, checkpoint: Checkpoint) -> None:
    if loop.accelerator.is_main_process and time.monotonic() - loop.saved > _SECONDS_BETWEEN_CHECKPOINTS:
        checkpoint.keep(loop.network, loop.average, loop.optimiser, loop.progress)
        loop.saved = time.monotonic()


def _finish_epoch(loop: _Loop, task: Task, checkpoint: Checkpoint, run: Path) -> None:
    """Validate the averaged weights, note the figures and keep everything."""
    started = time.monotonic()
    averaged = loop.average.module.eval()
    figures = task.validate(averaged)
    loop.progress.finish_epoch(figures, time.monotonic() - started)
    shown = ", ".join(f"{name} {value:.4g}" for name, value in loop.progress.history[-1].items())
    if loop.accelerator.is_main_process:
        _log.info("%s: epoch %d of %d: %s", run.name, loop.progress.epoch, loop.settings.epochs, shown)
        checkpoint.keep_best(averaged, loop.progress)
        checkpoint.keep(loop.network, loop.average, loop.optimiser, loop.progress)
        _draw_by_the_clock(loop, run)
    loop.saved = time.monotonic()


def _draw_by_the_clock(loop: _Loop, run: Path) -> None:
    last = loop.progress.epoch == loop.settings.epochs
    if last or time.monotonic() - loop.drawn > _SECONDS_BETWEEN_PICTURES:
        draw_curves(run, loop.progress.history)
        loop.drawn = time.monotonic()
