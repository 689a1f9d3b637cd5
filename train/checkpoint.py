"""The run folder: settings, checkpoint, best weights and history; each file is replaced whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.curves import replace_text, write_curves
from train.errors import UnusableRun
from train.recipes import FitSettings

if TYPE_CHECKING:
    import torch
    from torch import nn

CHECKPOINT, BEST, HISTORY, SETTINGS = "last.pt", "best.safetensors", "history.json", "settings.json"
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """How far a run has come.

    Attributes
    ----------
    epoch, step
        The next step to take is ``step`` of ``epoch``.
    history
        One entry for each finished epoch.
    """

    epoch: int = 0
    step: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)

    def add(self, loss: float, seconds: float) -> None:
        """Count a step."""
        self.step += 1
        self.loss += loss
        self.seconds += seconds

    def finish_epoch(self, figures: Mapping[str, float], seconds: float) -> None:
        """Note an epoch's mean loss and its figures, and go to the next."""
        mean = self.loss / max(self.step, 1)
        self.history.append({"loss": mean, **figures, "seconds": self.seconds + seconds})
        self.epoch, self.step, self.loss, self.seconds = self.epoch + 1, 0, 0.0, 0.0


class Checkpoint:
    """Keeps a run in its folder and finds it there again.

    Parameters
    ----------
    run
        Made if it is missing.
    """

    def __init__(self, run: Path, settings: FitSettings) -> None:
        run.mkdir(parents=True, exist_ok=True)
        self._run = run
        self._settings = settings

    def resume(
        self,
        network: nn.Module,
        average: nn.Module,
        optimiser: torch.optim.Optimizer,
        progress: Progress,
    ) -> None:
        """Put everything back as it was kept last, or leave it when nothing was.

        Raises
        ------
        UnusableRun
            If the run was started with other settings, or its checkpoint cannot be read.
        """
        path = self._run / CHECKPOINT
        if not path.exists():
            return
        state = _load(path)
        _require_equal(self._run, state["settings"], asdict(self._settings))
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        for name, value in state["progress"].items():
            setattr(progress, name, value)
        _log.info("going on after epoch %d and %d steps", progress.epoch, progress.step)

    def keep(
        self,
        network: nn.Module,
        average: nn.Module,
        optimiser: torch.optim.Optimizer,
        progress: Progress,
    ) -> None:
        """Write the checkpoint and the history."""
        import torch

        state = {
            "settings": asdict(self._settings),
            "network": network.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "progress": asdict(progress),
        }
        partial = self._run / f"{CHECKPOINT}.partial"
        torch.save(state, partial)
        partial.replace(self._run / CHECKPOINT)
        replace_text(self._run / HISTORY, json.dumps(progress.history, indent=1) + "\n")
        write_curves(self._run, progress.history)

    def keep_best(self, network: nn.Module, progress: Progress) -> None:
        """Write the weights if the last epoch's score is the highest so far."""
        from safetensors.torch import save_file

        if progress.history[-1]["score"] < max(entry["score"] for entry in progress.history):
            return
        partial = self._run / f"{BEST}.partial"
        save_file({name: tensor.contiguous().cpu() for name, tensor in network.state_dict().items()}, partial)
        partial.replace(self._run / BEST)


def load_best(network: nn.Module, run: Path) -> None:
    """Put the best epoch's weights into the network.

    Raises
    ------
    UnusableRun
        If the folder holds none.
    """
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(run / BEST))
    except OSError as error:
        raise UnusableRun(f"{run} has no finished epoch yet: {error}") from error
    network.eval()


def write_settings(run: Path, settings: Mapping[str, object]) -> None:
    """Keep the settings of a run in its folder, for the export.

    Raises
    ------
    UnusableRun
        If the folder holds a run with other settings. What an older version did not write is taken as equal.
    """
    run.mkdir(parents=True, exist_ok=True)
    now = json.loads(json.dumps(settings))
    if (run / CHECKPOINT).exists() and (run / SETTINGS).exists():
        _require_equal(run, read_settings(run), now)
    replace_text(run / SETTINGS, json.dumps(now, indent=1) + "\n")


def _require_equal(run: Path, stored: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    for name in stored.keys() & now.keys():
        if isinstance(stored[name], dict) and isinstance(now[name], dict):
            _require_equal(run, stored[name], now[name])
        elif stored[name] != now[name]:
            raise UnusableRun(
                f"{run} was started with {name} {stored[name]}, not {now[name]}; use another folder or the "
                "same settings"
            )


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


def read_history(run: Path) -> list[dict[str, float]]:
    """Read the figures of the finished epochs.

    Raises
    ------
    UnusableRun
        If no epoch was finished.
    """
    try:
        history: list[dict[str, float]] = json.loads((run / HISTORY).read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableRun(f"{run} has no finished epoch yet: {error.strerror}") from error
    return history


def _load(path: Path) -> dict[str, Any]:
    import pickle

    import torch

    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise UnusableRun(f"{path} is damaged ({error}); delete it to start the run anew") from error
    return state
