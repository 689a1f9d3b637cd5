"""The classifier goes on learning, on lungs that people drew and lungs that a segmenter found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.bundle.manifest import Classifier
from train.data.index import IndexedFilm
from train.data.splits import TRAIN, VALIDATION
from train.errors import UnusableIndex
from train.film_sets import crop_of, labels_of
from train.findings import FindingSettings, train_findings
from train.phantom_sets import CropMaker, LungCrops, join_crops, phantom_crops
from train.retraining.lungs import LungSchool
from train.retraining.plan import RetrainPlan
from train.retraining.start import StartBundle, as_run

_REHEARSAL_SEED = 10_000


@dataclass(frozen=True, slots=True)
class Learnt:
    """A finished classifier.

    Attributes
    ----------
    validation
        What it is calibrated on.
    """

    run: Path
    settings: FindingSettings
    validation: LungCrops


def can_learn(films: Sequence[IndexedFilm]) -> bool:
    """Whether the films to learn from and those to choose by have labels of both classes."""
    return all(
        {film.rds for film in films if film.split == split and film.mask is not None} >= {True, False}
        for split in (TRAIN, VALIDATION)
    )


def learn_findings(
    films: Sequence[IndexedFilm], school: LungSchool, start: StartBundle, plan: RetrainPlan, run: Path
) -> Learnt:
    """Train the classifier from the bundle's weights.

    Raises
    ------
    UnusableIndex
        If a class is missing among the films to learn from, or among those to choose by.
    """
    model = start.manifest.classifier
    settings = _settings(model, start, plan)
    training = _crops(_labelled(films, TRAIN), school, settings.size, seen=True)
    validation = _crops(_labelled(films, VALIDATION), school, settings.size, seen=False)
    if plan.rehearsal:
        training = join_crops(training, _rehearsal(school, settings, plan, run / "cache"))
    from_bundle = as_run(start, model, run / "start-findings")
    train_findings(training, validation, settings, run / "findings", start=from_bundle)
    return Learnt(run / "findings", settings, validation)


def _settings(model: Classifier, start: StartBundle, plan: RetrainPlan) -> FindingSettings:
    return FindingSettings(
        architecture=model.architecture,
        profile=start.profile,
        size=model.preprocessing.size,
        start="bundle",
        fit=plan.findings,
    )


def _labelled(films: Sequence[IndexedFilm], split: str) -> list[IndexedFilm]:
    chosen = [film for film in films if film.split == split and film.rds is not None and film.mask]
    if not chosen:
        raise UnusableIndex(f"no film of split {split} has both a label and an outline of the lungs")
    return chosen


def _crops(films: list[IndexedFilm], school: LungSchool, size: int, *, seen: bool) -> LungCrops:
    cut = school.crops if seen else school.shown
    return LungCrops(cut(films, size), labels_of(films), ())


def _rehearsal(school: LungSchool, settings: FindingSettings, plan: RetrainPlan, cache: Path) -> LungCrops:
    """Phantoms among the site's films, so that what was learnt from them stays (SYNTHETIC)."""
    finder = school.finder()
    maker = CropMaker(crop_of(settings.profile), settings.size, finder.segmenter, finder.digest)
    return phantom_crops(range(_REHEARSAL_SEED, _REHEARSAL_SEED + plan.rehearsal), maker, cache)
