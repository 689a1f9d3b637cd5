"""Recipes by name: the source paper's and this project's, and what a command line changes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from pipeline.networks import ClassifierArchitecture, UNetArchitecture
from train.augment import Augmentation
from train.errors import UnknownRecipe
from train.findings import FindingSettings
from train.lungs import LungSettings
from train.recipes import FitSettings

LUNGS, FINDINGS, COMBINED = "recommended-lungs", "recommended-findings", "recommended-combined"
PAPER_LUNGS, PAPER_FINDINGS, PAPER_COMBINED = "paper-lungs", "paper-findings", "paper-combined"

_PAPER_FIT = FitSettings(
    learning_rate=1e-3,
    weight_decay=0.0,
    schedule="constant",
    averaging=0.0,
    clip=0.0,
    half_precision=False,
    recompute=False,
)
"""Adam with 1e-3 and nothing else; the paper names neither decay nor averaging."""
_PAPER_BATCHES = {"tf_efficientnet_b0": 48, "tf_efficientnet_b3": 24, "tf_efficientnet_b5": 12}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is changed of a recipe; None leaves it.

    Attributes
    ----------
    epochs
        The course of the learning rate is shortened or stretched with them.
    encoder
        timm name, or short: ``b0`` to ``b8``, ``lite0`` to ``lite4``.
    weights
        See `train.pretrained.start_from_imagenet`.
    threads
        Of torch on the CPU; the result depends on them.
    """

    epochs: int | None = None
    size: int | None = None
    encoder: str | None = None
    batch: int | None = None
    weights: str | None = None
    threads: int | None = None

    def of_fit(self, fit: FitSettings) -> FitSettings:
        """Change the numbers of the loop."""
        epochs = self.epochs or fit.epochs
        every = max(1, round(fit.decay_every * epochs / fit.epochs))
        batch, threads = self.batch or fit.batch, self.threads or fit.threads
        return replace(fit, epochs=epochs, decay_every=every, batch=batch, threads=threads)


def lung_recipe(name: str, changes: Changes) -> LungSettings:
    """Give the settings of a segmenter's training: ``recommended-lungs`` or ``paper-lungs``.

    Raises
    ------
    UnknownRecipe
        If there is no such recipe or encoder, or the size does not suit the network.
    """
    settings = _find(name, {LUNGS: LungSettings(), PAPER_LUNGS: _paper_lungs()})
    architecture = settings.architecture
    if changes.encoder:
        architecture = replace(architecture, encoder=encoder_name(changes.encoder))
    return replace(
        settings,
        architecture=architecture,
        size=_size(changes.size or settings.size),
        start=changes.weights or settings.start,
        fit=changes.of_fit(settings.fit),
    )


def finding_recipe(name: str, changes: Changes) -> FindingSettings:
    """Give the settings of a classifier's first training or, by a ``combined`` name, of its further one.

    Raises
    ------
    UnknownRecipe
        If there is no such recipe or encoder, or the size does not suit the network.
    """
    paper = _paper_findings()
    recommended = FindingSettings()
    further = replace(recommended, fit=replace(recommended.fit, epochs=4, learning_rate=1e-4))
    known = {FINDINGS: recommended, COMBINED: further, PAPER_FINDINGS: paper, PAPER_COMBINED: paper}
    settings = _find(name, known)
    backbone = encoder_name(changes.encoder) if changes.encoder else settings.architecture.backbone
    batch = _PAPER_BATCHES.get(backbone, settings.fit.batch) if settings is paper else settings.fit.batch
    return replace(
        settings,
        architecture=replace(settings.architecture, backbone=backbone),
        size=_size(changes.size or settings.size),
        start=changes.weights or settings.start,
        fit=changes.of_fit(replace(settings.fit, batch=batch)),
    )


def encoder_name(short: str) -> str:
    """Full timm name of an encoder.

    Raises
    ------
    UnknownRecipe
        If timm knows none of that name; the message shows some that it knows.
    """
    import timm

    known = timm.list_models("*efficientnet*")
    for name in (short, f"tf_efficientnet_{short}"):
        if name in known:
            return name
    raise UnknownRecipe(
        f"timm has no EfficientNet {short!r}; try b0 to b8, lite0 to lite4 or a name such as {known[0]}"
    )


def _paper_lungs() -> LungSettings:
    return LungSettings(
        architecture=UNetArchitecture("tf_efficientnet_b5", (256, 128, 64, 32, 16)),
        profile="paper",
        size=512,
        augmentation=Augmentation.none(),
        fit=replace(_PAPER_FIT, epochs=150, batch=16, schedule="steps", decay_every=50),
    )


def _paper_findings() -> FindingSettings:
    return FindingSettings(
        architecture=ClassifierArchitecture("tf_efficientnet_b5"),
        profile="paper",
        size=512,
        smoothing=0.0,
        augmentation=Augmentation.none(mirror=0.5, flip=0.5),
        fit=replace(_PAPER_FIT, epochs=100, batch=12),
    )


_Settings = TypeVar("_Settings")


def _find(name: str, known: dict[str, _Settings]) -> _Settings:
    if name not in known:
        raise UnknownRecipe(f"no recipe {name!r} here; there are {', '.join(known)}")
    return known[name]


def _size(size: int) -> int:
    if size < 32 or size % 32:
        raise UnknownRecipe(f"size {size} does not suit the networks: take a multiple of 32")
    return size
