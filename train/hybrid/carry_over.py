"""Whether what is learnt on one kind of simulated film holds on the other: the disease, or the generator."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle import load_bundle, reference_bundle
from pipeline.bundle.manifest import LungCrop
from pipeline.segment import LungSegmenter
from train.evaluation.statistics.bootstrap import patient_bootstrap
from train.evaluation.statistics.ranking import auroc
from train.evaluation.statistics.values import Interval
from train.findings import FindingSettings, predict_logits, train_findings
from train.hybrid.base import BaseFilms, split_patients
from train.hybrid.film import HybridSettings
from train.hybrid.sets import hybrid_crops
from train.phantom import PhantomSettings
from train.phantom_sets import CropMaker, LungCrops, join_crops, phantom_crops
from train.recipes import FitSettings

_log = logging.getLogger(__name__)
PHANTOMS, HYBRIDS = "phantoms", "hybrids"
Row = Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class CarryOverPlan:
    """Which films are drawn and how long each classifier is trained.

    Attributes
    ----------
    mixtures
        By name: part of the training films that are hybrids; the others are phantoms. The number of films is
        the same for all.
    training, validation, test
        Number of films; validation films (of the mixture that is trained on) choose the epoch, test films are
        measured once. Seeds and, for hybrids, patients differ between the three.
    held_back
        Part of the patients of split ``train`` whose films validation hybrids are painted on.
    phantoms
        As large as the public films beneath the hybrids.
    """

    mixtures: Mapping[str, float] = field(
        default_factory=lambda: {PHANTOMS: 0.0, "3:1": 0.25, "1:1": 0.5, "1:3": 0.75, HYBRIDS: 1.0}
    )
    training: int = 320
    validation: int = 80
    test: int = 200
    held_back: float = 0.15
    findings: FindingSettings = field(
        default_factory=lambda: FindingSettings(
            fit=FitSettings(epochs=8, batch=16, learning_rate=3e-4, weight_decay=1e-2)
        )
    )
    hybrids: HybridSettings = field(default_factory=HybridSettings)
    phantoms: PhantomSettings = field(default_factory=lambda: PhantomSettings(long_side=448))


_TRAINING_SEED, _VALIDATION_SEED, _TEST_SEED = 100_000, 200_000, 300_000


@dataclass(frozen=True, slots=True, eq=False)
class _Films:
    """Both kinds of film for one purpose."""

    phantoms: LungCrops
    hybrids: LungCrops

    def mixed(self, part_hybrid: float) -> LungCrops:
        """Take this part of hybrids, the rest phantoms, as many as there are of one kind."""
        count = len(self.phantoms)
        hybrids = round(part_hybrid * count)
        return join_crops(_first(self.phantoms, count - hybrids), _first(self.hybrids, hybrids))


def carry_over(films: BaseFilms, unseen: BaseFilms, run: Path, plan: CarryOverPlan) -> dict[str, Row]:
    """Train a classifier on every mixture and measure each on fresh phantoms and on unseen hybrids.

    Parameters
    ----------
    films, unseen
        Films without disease, of other patients each: to train on, and to paint the test hybrids on.

    Returns
    -------
    dict
        By mixture, then by kind of test film: AUROC with its 95 % interval, patients drawn again.
    """
    maker, cache = _maker(plan), run / "cache"
    training_films, validation_films = split_patients(films, plan.held_back)
    training = _draw(_TRAINING_SEED, plan.training, training_films, (maker, cache, plan.hybrids))
    validation = _draw(_VALIDATION_SEED, plan.validation, validation_films, (maker, cache, plan.hybrids))
    test = _draw(_TEST_SEED, plan.test, unseen, (maker, cache, plan.hybrids))
    patients = [unseen.patient_of(seed) for seed in range(_TEST_SEED, _TEST_SEED + plan.test)]
    table: dict[str, Row] = {}
    for name, part in plan.mixtures.items():
        folder = run / name.replace(":", "-to-")
        network = train_findings(training.mixed(part), validation.mixed(part), plan.findings, folder)
        scores = {
            PHANTOMS: predict_logits(network, test.phantoms, plan.findings),
            HYBRIDS: predict_logits(network, test.hybrids, plan.findings),
        }
        table[name] = {
            PHANTOMS: area(test.phantoms, scores[PHANTOMS], range(plan.test)),
            HYBRIDS: area(test.hybrids, scores[HYBRIDS], patients),
        }
        _log.info("%s: %s", name, table[name])
    return table


def area(crops: LungCrops, scores: NDArray[np.float64], patients: Sequence[Hashable]) -> Interval:
    """AUROC with the interval of 2,000 draws of patients."""
    return patient_bootstrap(lambda rows: auroc(crops.labels[rows], scores[rows]), patients)


def _draw(first: int, count: int, films: BaseFilms, how: tuple[CropMaker, Path, HybridSettings]) -> _Films:
    maker, cache, hybrids = how
    seeds = range(first, first + count)
    _log.info("drawing %d phantoms and as many hybrids on %d films", count, len(films))
    return _Films(phantom_crops(seeds, maker, cache), hybrid_crops(seeds, films, maker, cache, hybrids))


def _maker(plan: CarryOverPlan) -> CropMaker:
    """Cut with the shipped segmenter's lungs, as when serving."""
    served = load_bundle(reference_bundle(), device="cpu")
    segmenter = LungSegmenter(served.segmenter, served.manifest.segmenter)
    digest = served.identity.segmenter.weights_sha256
    return CropMaker(LungCrop(), plan.findings.size, segmenter, digest, plan.phantoms)


def _first(crops: LungCrops, count: int) -> LungCrops:
    return replace(
        crops, images=crops.images[:count], labels=crops.labels[:count], diseases=crops.diseases[:count]
    )
