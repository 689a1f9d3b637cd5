"""Measure the bundle that ships: lungs on films of other patients, the classifier on simulated ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.bundle import load_bundle
from train.data import IndexedFilm
from train.data.prepared import films_with_lungs
from train.evaluation.card_figures import Figures, judge_films, simulated_figures
from train.evaluation.served import served_figures
from train.hybrid.base import BaseFilms
from train.hybrid.film import make_hybrid
from train.phantom import make_phantom
from train.phantom_sets import DrawnFilm
from train.reference.plan import ReferencePlan

_log = logging.getLogger(__name__)


def measure(
    folder: Path, index: Sequence[IndexedFilm], unseen: BaseFilms, plan: ReferencePlan
) -> dict[str, Figures]:
    """Give the figures of the model card.

    Parameters
    ----------
    unseen
        Films of patients that took no part in training, for fresh hybrids.
    """
    bundle = load_bundle(folder, device="cpu")
    threshold = bundle.manifest.classifier.threshold
    figures: dict[str, Figures] = {}
    for split in sorted({film.split for film in index if film.mask is not None} - {"train"}):
        films = films_with_lungs(index, split)
        figures[f"lungs, {split}"] = served_figures(bundle, films)
        figures[f"lungs, {split}, sideways"] = served_figures(bundle, films, turns=1)
    for kind, simulated in (("phantoms", _phantoms(plan)), ("hybrids", _hybrids(unseen, plan))):
        figures[f"{kind}, SYNTHETIC"] = simulated_figures(judge_films(bundle, simulated), threshold)
    for name, values in figures.items():
        _log.info("%s: %s", name, values)
    return figures


def _phantoms(plan: ReferencePlan) -> Iterator[tuple[DrawnFilm, bool]]:
    for seed in plan.phantom_seeds.fresh:
        film = make_phantom(seed, plan.phantoms)
        yield film, film.baby.disease.is_rds


def _hybrids(unseen: BaseFilms, plan: ReferencePlan) -> Iterator[tuple[DrawnFilm, bool]]:
    for seed in plan.hybrid_seeds.fresh:
        film = make_hybrid(seed, unseen.of_seed(seed))
        yield film, film.disease.is_rds
