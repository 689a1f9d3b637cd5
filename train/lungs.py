"""Training of the lung segmenter."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.networks import UNetArchitecture, build_unet
from train.augment import Augmentation, expose, move, veil
from train.batches import Share, draw, steps_of
from train.checkpoint import load_best, write_settings
from train.extension import continue_below
from train.films import SquareFilms
from train.fit import fit
from train.losses import dice_and_cross_entropy
from train.pretrained import AUTO, start_from_imagenet
from train.recipes import FitSettings, Profile

if TYPE_CHECKING:
    from torch import Tensor, nn

Chosen = NDArray[np.int64]
"""Numbers of films."""


@dataclass(frozen=True, slots=True)
class LungSettings:
    """One training of the segmenter.

    Attributes
    ----------
    profile
        ``paper``: films in 8 bits and stretched to the square; ``recommended``: as `train.film_sets` says.
    size
        Side of the network's input. Where films are scaled they are cached a quarter larger, so that scaling
        up stays sharp.
    start
        Where the encoder's start weights come from, see `train.pretrained.start_from_imagenet`.
    """

    architecture: UNetArchitecture = field(default_factory=UNetArchitecture)
    profile: Profile = "recommended"
    size: int = 256
    start: str = AUTO
    augmentation: Augmentation = field(default_factory=Augmentation)
    fit: FitSettings = field(default_factory=FitSettings)

    @property
    def cache_size(self) -> int:
        """Side of the cached squares."""
        return self.size * 5 // 4 if self.augmentation.scale else self.size


class LungTask:
    """Lungs of films in batches; see `train.fit.Task`.

    Parameters
    ----------
    training, validation
        Squares of ``settings.cache_size``.
    """

    def __init__(self, training: SquareFilms, validation: SquareFilms, settings: LungSettings) -> None:
        self._training = training
        self._validation = validation
        self._settings = settings

    def steps(self) -> int:
        """Whole batches of one epoch."""
        return steps_of(len(self._training), self._settings.fit)

    def batch(self, epoch: int, step: int, share: Share) -> tuple[Tensor, Tensor]:
        """Give inputs (N, 1, S, S) and targets (N, 2, S, S): lung and counted."""
        chosen, generator = draw(len(self._training), self._settings.fit, epoch, step, share)
        change = self._settings.augmentation
        planes = continue_below(_planes(self._training, np.sort(chosen)), change.extension, generator)
        moved = move(planes, self._settings.size, change, generator)
        lungs = (moved[:, 1:2] >= 0.5).float()
        counted = (moved[:, 2:3] < 0.5).float()
        veiled = veil(moved[:, :1], lungs, change, generator)
        images = expose(veiled, change, generator)
        return (images - 0.5) / 0.5, _stack(lungs, counted)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Dice and cross-entropy over the counted pixels."""
        return dice_and_cross_entropy(logits, targets[:, :1], targets[:, 1:])

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean intersection over union on the network's grid, upright and turned by a quarter.

        Where no film is turned in training, only upright ones decide.
        """
        upright = self._overlaps(network, 0)
        turned = self._overlaps(network, 1)
        weight = 0.5 if self._settings.augmentation.quarter_turns else 0.0
        return {
            "score": float((1 - weight) * upright.mean() + weight * turned.mean()),
            "iou": float(upright.mean()),
            "iou_5th": float(np.percentile(upright, 5)),
            "iou_sideways": float(turned.mean()),
        }

    def _overlaps(self, network: nn.Module, turns: int) -> NDArray[np.float32]:
        import torch
        from torch.nn.functional import interpolate

        device, values = next(network.parameters()).device, []
        with torch.inference_mode():
            for start in range(0, len(self._validation), 16):
                chosen = np.arange(start, min(start + 16, len(self._validation)))
                planes = interpolate(
                    _planes(self._validation, chosen), size=(self._settings.size,) * 2, mode="area"
                )
                planes = torch.rot90(planes, turns, (2, 3)).to(device)
                with torch.autocast(device.type, torch.bfloat16, enabled=self._settings.fit.half_precision):
                    found = network((planes[:, :1] - 0.5) / 0.5) >= 0
                counted = planes[:, 2:3] < 0.5
                lungs, found = (planes[:, 1:2] >= 0.5) & counted, found & counted
                overlap = (lungs & found).sum(dim=(1, 2, 3)) / (lungs | found).sum(dim=(1, 2, 3)).clamp(min=1)
                values.append(overlap.cpu().numpy())
        return np.concatenate(values)


def train_lungs(
    training: SquareFilms,
    validation: SquareFilms,
    settings: LungSettings,
    run: Path,
    *,
    start: Path | None = None,
) -> nn.Module:
    """Train the segmenter, or go on with the run in this folder.

    Parameters
    ----------
    start
        Folder of a finished run whose best weights this one starts from, at a smaller size perhaps.

    Returns
    -------
    nn.Module
        The best epoch's network.
    """
    import torch

    torch.manual_seed(settings.fit.seed)
    network = build_unet(settings.architecture)
    if start is not None:
        load_best(network, start)
    else:
        start_from_imagenet(network, settings.architecture.encoder, settings.start)
    write_settings(run, asdict(settings))
    fit(network, LungTask(training, validation, settings), settings.fit, run)
    return network


def _planes(films: SquareFilms, chosen: Chosen) -> Tensor:
    """Image in [0, 1], lung, ignored: float32 (N, 3, M, M)."""
    import torch

    masks = films.masks[chosen]
    planes = np.stack([films.images[chosen].astype(np.float32) / 255, masks == 1, masks == 2], axis=1)
    return torch.from_numpy(planes.astype(np.float32))


def _stack(lungs: Tensor, counted: Tensor) -> Tensor:
    import torch

    return torch.cat([lungs, counted], 1)
