"""Tables 2 and 3: the classifier on outlined lungs, and on lungs that the segmenter finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle.manifest import sha256_of
from pipeline.segment import LungSegmenter
from train.checkpoint import BEST
from train.data import IndexedFilm
from train.engine import TorchEngine, best_device, segmenter_of
from train.evaluation.classification import count, proportions
from train.evaluation.statistics.delong import auroc_interval
from train.evaluation.statistics.values import Interval
from train.film_sets import FilmCutter, film_crops
from train.findings import FindingSettings, predict_logits, train_findings
from train.phantom_sets import LungCrops
from train.reproduction.films import Groups
from train.reproduction.plan import Plan
from train.reproduction.table1 import variants

if TYPE_CHECKING:
    from torch import nn

DRAWN, BEFORE, AFTER = "outlined lungs", "found lungs", "found lungs, after additional training"


@dataclass(frozen=True, slots=True, eq=False)
class Row23:
    """One line of Table 2 or 3, on the test films, at the threshold 0.5.

    Attributes
    ----------
    table
        2 or 3.
    figures
        accuracy, sensitivity, specificity, ppv, npv (Wilson) and auroc (DeLong).
    """

    table: int
    encoder: str
    lungs: str
    films: int
    right: int
    figures: dict[str, Interval]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bench:
    """The films that the classifiers see, by outlined and by found lungs."""

    groups: Groups
    cutter: FilmCutter
    cache: Path

    def crops(self, films: Sequence[IndexedFilm]) -> LungCrops:
        """Cut films in both ways: outlined, found."""
        return film_crops(films, self.cutter, self.cache)


def make_bench(segmenter: nn.Module, groups: Groups, plan: Plan, out: Path) -> Bench:
    """Serve the segmenter with the paper's post-processing to cut the lungs out."""
    settings, size = plan.lungs, plan.findings[0].size
    model = segmenter_of(settings.size, settings.profile, variants(groups.training)["+ rotation"])
    digest = sha256_of((out / "lungs" / BEST).read_bytes())
    profile = plan.findings[0].profile
    cutter = FilmCutter(
        profile, size, True, LungSegmenter(TorchEngine(segmenter.to(best_device())), model), digest
    )
    return Bench(groups, cutter, out / "cache")


def classify(bench: Bench, settings: FindingSettings, out: Path) -> list[Row23]:
    """Train and measure one classifier: Table 2, and Table 3 before and after the additional training."""
    training, validation, test = (
        bench.crops(films) for films in (bench.groups.training, bench.groups.validation, bench.groups.test)
    )
    name = settings.architecture.backbone
    first, further = out / f"findings-{name}", out / f"combined-{name}"
    network = train_findings(_way(training, 0), _way(validation, 0), settings, first)
    rows = [
        _row(2, name, DRAWN, _judge(network, _way(test, 0), settings), test),
        _row(3, name, BEFORE, _judge(network, _way(test, 1), settings), test),
    ]
    network = train_findings(
        _way(training, 1), _way(validation, 1), replace(settings, start="none"), further, start=first
    )
    return [*rows, _row(3, name, AFTER, _judge(network, _way(test, 1), settings), test)]


def _way(crops: LungCrops, way: int) -> LungCrops:
    return LungCrops(crops.images[:, way : way + 1], crops.labels, crops.diseases)


def _judge(network: nn.Module, crops: LungCrops, settings: FindingSettings) -> NDArray[np.float64]:
    logits = predict_logits(network.to(best_device()), crops, settings)
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float64)


def _row(table: int, encoder: str, lungs: str, probabilities: NDArray[np.float64], test: LungCrops) -> Row23:
    counts = count(test.labels, probabilities >= 0.5)
    figures = proportions(counts) | {"auroc": auroc_interval(test.labels, probabilities)}
    right = counts.true_positive + counts.true_negative
    return Row23(table, encoder, lungs, len(test), right, figures, probabilities)
