"""Classifiers that see more or less of the film, trained where devices tell the label, tested where not."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle.manifest import LungCrop
from train.evaluation.statistics.bootstrap import Rows, bootstrap_all
from train.evaluation.statistics.ranking import auroc
from train.evaluation.statistics.values import Interval
from train.findings import FindingSettings, predict_logits, train_findings
from train.phantom import PhantomSettings
from train.phantom_sets import CropMaker, DrawnFilm, LungCrops, phantom_crops
from train.recipes import FitSettings

_log = logging.getLogger(__name__)
MASKED, CROPPED, UNMASKED = "masked", "cropped", "unmasked"
TOLD, INDEPENDENT, REVERSED = "as trained", "independent", "reversed"
_TRAINING_SEED, _VALIDATION_SEED, _TEST_SEED = 400_000, 500_000, 600_000


@dataclass(frozen=True, slots=True)
class ShortcutPlan:
    """Which films are drawn and how long each arm is trained.

    Attributes
    ----------
    tell
        How far tubes and lines follow the label on the films of training and validation.
    arms
        What each arm sees: the lungs with the rest painted over, the box around them, or the whole film. The
        lungs are the drawn ones, so that no segmenter has a part in it.
    training, validation, test
        Number of babies. The test babies are the same with every kind of devices.
    """

    tell: float = 0.9
    arms: Mapping[str, LungCrop] = field(
        default_factory=lambda: {
            MASKED: LungCrop(),
            CROPPED: LungCrop(background="film"),
            UNMASKED: LungCrop(frame="film", background="film"),
        }
    )
    training: int = 320
    validation: int = 80
    test: int = 200
    findings: FindingSettings = field(
        default_factory=lambda: FindingSettings(
            size=192, fit=FitSettings(epochs=8, batch=16, learning_rate=3e-4, weight_decay=1e-2)
        )
    )
    long_side: int = 448

    def phantoms(self, tell: float) -> PhantomSettings:
        """Babies as ever, with devices that follow the label so far; below 0 they follow its opposite."""
        return PhantomSettings(long_side=self.long_side, devices_tell=tell)

    def tests(self) -> dict[str, float]:
        """How far devices follow the label on the test films, by name."""
        return {TOLD: self.tell, INDEPENDENT: 0.0, REVERSED: -self.tell}


@dataclass(frozen=True, slots=True, eq=False)
class ArmCutter:
    """Cuts a film once for every arm, so that it is drawn once."""

    makers: tuple[CropMaker, ...]

    @property
    def phantoms(self) -> PhantomSettings:
        """How the films are drawn."""
        return self.makers[0].phantoms

    def key(self) -> str:
        """Digest of everything that changes the crops."""
        return "-".join(maker.key() for maker in self.makers)

    def cut(self, film: DrawnFilm) -> NDArray[np.uint8]:
        """Cut one film, uint8 (arms, size, size)."""
        return np.concatenate([maker.cut(film) for maker in self.makers])


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What was measured, with 95 % intervals by drawing babies again.

    Attributes
    ----------
    auroc
        By arm, then by kind of devices.
    loss
        By arm: AUROC with devices as trained minus the AUROC with independent, and with reversed ones.
    excess
        By kind of devices: what the unmasked arm loses more than the masked one.
    """

    auroc: dict[str, dict[str, Interval]]
    loss: dict[str, dict[str, Interval]]
    excess: dict[str, Interval]


def audit_shortcuts(run: Path, plan: ShortcutPlan) -> Audit:
    """Train every arm and measure it; the same folder goes on where an earlier call stopped."""
    training = _draw(_TRAINING_SEED, plan.training, plan.tell, plan, run)
    validation = _draw(_VALIDATION_SEED, plan.validation, plan.tell, plan, run)
    tests = {name: _draw(_TEST_SEED, plan.test, tell, plan, run) for name, tell in plan.tests().items()}
    scores: dict[tuple[str, str], NDArray[np.float64]] = {}
    for arm in plan.arms:
        _log.info("arm %s", arm)
        network = train_findings(training[arm], validation[arm], plan.findings, run / arm)
        for name, films in tests.items():
            scores[arm, name] = predict_logits(network, films[arm], plan.findings)
    return summarise(tests[TOLD][MASKED].labels, scores)


def summarise(labels: NDArray[np.float32], scores: Mapping[tuple[str, str], NDArray[np.float64]]) -> Audit:
    """Give areas, losses and their difference, all of the same draws of babies."""
    names, losers = dict.fromkeys(arm for arm, _ in scores), (INDEPENDENT, REVERSED)

    def statistics(rows: Rows) -> dict[str, float]:
        areas = {f"{arm}/{name}": auroc(labels[rows], values[rows]) for (arm, name), values in scores.items()}
        lost = {
            f"{arm}/-/{name}": areas[f"{arm}/{TOLD}"] - areas[f"{arm}/{name}"]
            for arm in names
            for name in losers
        }
        more = {f"-/{name}": lost[f"{UNMASKED}/-/{name}"] - lost[f"{MASKED}/-/{name}"] for name in losers}
        return areas | lost | more

    found = bootstrap_all(statistics, range(len(labels)))
    return Audit(
        auroc={arm: {kind: found[f"{arm}/{kind}"] for kind in (TOLD, *losers)} for arm in names},
        loss={arm: {kind: found[f"{arm}/-/{kind}"] for kind in losers} for arm in names},
        excess={kind: found[f"-/{kind}"] for kind in losers},
    )


def _draw(first: int, count: int, tell: float, plan: ShortcutPlan, run: Path) -> dict[str, LungCrops]:
    """Draw babies once and cut them for every arm."""
    drawn, size = plan.phantoms(tell), plan.findings.size
    cutter = ArmCutter(tuple(CropMaker(crop, size, phantoms=drawn) for crop in plan.arms.values()))
    _log.info("drawing %d phantoms, devices following the label by %g", count, tell)
    crops = phantom_crops(range(first, first + count), cutter, run / "cache")
    return {arm: replace(crops, images=crops.images[:, i : i + 1]) for i, arm in enumerate(plan.arms)}
