"""Let the bundle judge: films to calibrate on, then films for the figures of the model card."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.bundle import load_bundle
from train.data import IndexedFilm
from train.data.prepared import films_with_lungs
from train.evaluation.calibration import to_logits
from train.evaluation.card_figures import (
    Figures,
    Judgement,
    baseline_figures,
    judge_films,
    labels_of,
    probabilities_of,
    serve_phantoms,
    simulated_figures,
)
from train.evaluation.served import served_figures
from train.evaluation.serving_point import ServingPoint, choose_threshold, fit_serving_point
from train.hybrid.base import BaseFilms
from train.hybrid.film import make_hybrid
from train.phantom import Phantom, make_phantom
from train.phantom_sets import DrawnFilm
from train.reference.plan import ReferencePlan

_log = logging.getLogger(__name__)
_BASELINES = {
    "lung area and mean grey value": ("area_mm2", "mean"),
    "mean grey value and texture of the lungs": ("mean", "texture"),
}


@dataclass(frozen=True, slots=True)
class Simulated:
    """What was said of films of both kinds."""

    phantoms: Sequence[Judgement]
    hybrids: Sequence[Judgement]


def judge_validation(folder: Path, calibrating: BaseFilms, plan: ReferencePlan) -> Simulated:
    """Judge the films to calibrate on.

    Parameters
    ----------
    folder
        A bundle whose probabilities are not calibrated: temperature 1, bias 0.
    calibrating
        Films of patients from whose hybrids the classifier did not learn.
    """
    return _judge(folder, (plan.calibration_seeds, plan.hybrid_seeds.validation), calibrating, plan)


def serving_point(validation: Simulated) -> ServingPoint:
    """Calibrate on phantoms, and choose the threshold on phantoms and hybrids.

    Hybrids have another bias, which no calibration can remove together with the phantoms'.
    """
    point = fit_serving_point(
        to_logits(probabilities_of(validation.phantoms)), labels_of(validation.phantoms)
    )
    both = [*validation.phantoms, *validation.hybrids]
    calibrated = point.probabilities(to_logits(probabilities_of(both)))
    return ServingPoint(point.temperature, point.bias, choose_threshold(calibrated, labels_of(both)))


def measure(
    folder: Path,
    index: Sequence[IndexedFilm],
    unseen: BaseFilms,
    validation: Simulated,
    plan: ReferencePlan,
) -> dict[str, Figures]:
    """Give the figures of the model card.

    Parameters
    ----------
    unseen
        Films of patients that took no part in training, for fresh hybrids.
    validation
        On which the two-feature baseline is fitted.
    """
    bundle = load_bundle(folder, device="cpu")
    figures: dict[str, Figures] = {}
    for split in sorted({film.split for film in index if film.mask is not None} - {"train"}):
        films = films_with_lungs(index, split)
        figures[f"lungs, {split}"] = served_figures(bundle, films)
        figures[f"lungs, {split}, sideways"] = served_figures(bundle, films, turns=1)
    fresh = _judge(folder, (plan.phantom_seeds.fresh, plan.hybrid_seeds.fresh), unseen, plan)
    figures |= figures_of(fresh, validation, bundle.manifest.classifier.threshold)
    for name, values in figures.items():
        _log.info("%s: %s", name, values)
    return figures


def figures_of(fresh: Simulated, validation: Simulated, threshold: float) -> dict[str, Figures]:
    """Give the figures of simulated films."""
    baselines = {
        f"phantoms, {words} alone, SYNTHETIC": baseline_figures(fresh.phantoms, validation.phantoms, features)
        for words, features in _BASELINES.items()
    }
    return {
        "phantoms, SYNTHETIC": simulated_figures(fresh.phantoms, threshold),
        **baselines,
        "hybrids, SYNTHETIC": simulated_figures(fresh.hybrids, threshold),
    }


def _judge(folder: Path, seeds: tuple[range, range], bases: BaseFilms, plan: ReferencePlan) -> Simulated:
    bundle = load_bundle(folder, device="cpu")
    return Simulated(
        list(serve_phantoms(bundle, _phantoms(seeds[0], plan))),
        list(judge_films(bundle, _hybrids(seeds[1], bases))),
    )


def _phantoms(seeds: range, plan: ReferencePlan) -> Iterator[Phantom]:
    return (make_phantom(seed, plan.served_phantoms) for seed in seeds)


def _hybrids(seeds: range, bases: BaseFilms) -> Iterator[tuple[DrawnFilm, bool]]:
    for seed in seeds:
        film = make_hybrid(seed, bases.of_seed(seed))
        yield film, film.disease.is_rds
