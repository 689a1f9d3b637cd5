"""Training of the classifier of respiratory distress syndrome."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.networks import ClassifierArchitecture, build_classifier
from train.augment import Augmentation, expose, move
from train.batches import Share, draw, steps_of
from train.checkpoint import load_best, write_settings
from train.evaluation.calibration import negative_log_likelihood
from train.evaluation.statistics.ranking import auroc
from train.fit import fit
from train.phantom_sets import LungCrops
from train.pretrained import AUTO, start_from_imagenet
from train.recipes import FitSettings, Profile

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class FindingSettings:
    """One training of the classifier.

    Attributes
    ----------
    profile
        How films are shown, see `train.film_sets.crop_of`.
    start
        Where the start weights come from, see `train.pretrained.start_from_imagenet`.
    smoothing
        Labels are drawn in from 0 and 1 by this much.
    """

    architecture: ClassifierArchitecture = field(default_factory=ClassifierArchitecture)
    profile: Profile = "recommended"
    size: int = 256
    start: str = AUTO
    smoothing: float = 0.05
    augmentation: Augmentation = field(
        default_factory=lambda: Augmentation(mirror=0.0, scale=0.12, shift=0.04, gamma=0.3, noise=0.03)
    )
    fit: FitSettings = field(
        default_factory=lambda: FitSettings(epochs=8, batch=32, learning_rate=3e-4, weight_decay=1e-2)
    )


class FindingTask:
    """Crops of lungs in batches; see `train.fit.Task`. Each epoch draws anew which way a film is cut."""

    def __init__(self, training: LungCrops, validation: LungCrops, settings: FindingSettings) -> None:
        self._training = training
        self._validation = validation
        self._settings = settings

    def steps(self) -> int:
        """Whole batches of one epoch."""
        return steps_of(len(self._training), self._settings.fit)

    def batch(self, epoch: int, step: int, share: Share) -> tuple[Tensor, Tensor]:
        """Give inputs (N, 1, S, S) and labels (N, 1)."""
        import torch

        chosen, generator = draw(len(self._training), self._settings.fit, epoch, step, share)
        ways = torch.randint(self._training.images.shape[1], (len(chosen),), generator=generator).numpy()
        planes = torch.from_numpy(self._training.images[chosen, ways].astype(np.float32)[:, None] / 255)
        change = self._settings.augmentation
        images = expose(
            move(planes, self._settings.size, change, generator, beyond="border"), change, generator
        )
        labels = torch.from_numpy(self._training.labels[chosen])[:, None]
        return (images - 0.5) / 0.5, labels

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Binary cross-entropy with smoothed labels."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        smoothing = self._settings.smoothing
        return binary_cross_entropy_with_logits(logits, targets * (1 - 2 * smoothing) + smoothing)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Figures on validation films, cut in the last way, as when serving."""
        logits = predict_logits(network, self._validation, self._settings)
        labels = self._validation.labels.astype(np.float64)
        area, loss = auroc(labels, logits), negative_log_likelihood(logits, labels)
        return {"score": area - 0.1 * loss, "auroc": area, "nll": loss}


def predict_logits(network: nn.Module, crops: LungCrops, settings: FindingSettings) -> NDArray[np.float64]:
    """Logits of all films, float64 (N,), without random changes."""
    import torch

    device, parts = next(network.parameters()).device, []
    with torch.inference_mode():
        for start in range(0, len(crops), 32):
            images = torch.from_numpy(crops.images[start : start + 32, -1].astype(np.float32)[:, None] / 255)
            with torch.autocast(device.type, torch.bfloat16, enabled=settings.fit.half_precision):
                parts.append(network(((images - 0.5) / 0.5).to(device)).float()[:, 0].cpu().numpy())
    return np.concatenate(parts).astype(np.float64)


def train_findings(
    training: LungCrops,
    validation: LungCrops,
    settings: FindingSettings,
    run: Path,
    *,
    start: Path | None = None,
) -> nn.Module:
    """Train the classifier, or go on with the run in this folder.

    Parameters
    ----------
    start
        Folder of a finished run whose best weights this one starts from.

    Returns
    -------
    nn.Module
        The best epoch's network.
    """
    import torch

    torch.manual_seed(settings.fit.seed)
    network = build_classifier(settings.architecture)
    if start is not None:
        load_best(network, start)
    else:
        start_from_imagenet(network, settings.architecture.backbone, settings.start)
        _silence_head(network)
    write_settings(run, asdict(settings))
    fit(network, FindingTask(training, validation, settings), settings.fit, run)
    return network


def _silence_head(network: nn.Module) -> None:
    """Let the last layer begin at 0: for one class timm draws it so large that first losses are above 3."""
    from torch import nn

    head: nn.Module = network.get_classifier()  # type: ignore[operator]
    for tensor in head.parameters():
        nn.init.zeros_(tensor)
