"""Whether the classifier judges the lungs, or something that only goes along with the disease."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.evaluation.results import FilmResult, labelled
from train.evaluation.statistics.delong import auroc_interval, compare_auroc
from train.evaluation.statistics.logistic import fit_logistic, logistic_score
from train.evaluation.statistics.paired import independent_difference
from train.evaluation.statistics.ranking import auroc
from train.evaluation.statistics.values import Comparison, Interval

SHUFFLES = 1000
_LEAST_FIT = 20
"""Validation films from which a baseline is fitted; with fewer its direction is the one known beforehand."""
Features = Callable[[FilmResult], tuple[float, ...] | None]


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One question.

    Attributes
    ----------
    auroc
        Of what stands in for the classifier, or of the classifier on changed films.
    against
        The classifier's own AUROC on the same films minus that.
    wanted
        What a classifier without shortcuts shows.
    passed
        None where films are too few or the question was not put.
    """

    name: str
    films: int
    auroc: Interval
    against: Comparison | None
    wanted: str
    passed: bool | None


def baseline_rows(tested: Sequence[FilmResult], validation: Sequence[FilmResult]) -> list[AuditRow]:
    """Set the classifier against simple features, fitted on validation films."""
    baselines: dict[str, Features] = {
        "lung area in mm² alone": lambda one: _single(one.said.lung_mm2),
        "lungs' part of the film alone": _fraction,
        "mean grey and texture of the lungs": _grey_and_texture,
        "gestational age alone": lambda one: _numbers(one, "weeks", "gestational_weeks"),
        "age alone": lambda one: _single(one.known.age_days),
    }
    rows = (
        _baseline(name, features, labelled(tested), labelled(validation))
        for name, features in baselines.items()
    )
    return [row for row in rows if row is not None]


def lungs_removed_row(tested: Sequence[FilmResult], without_lungs: Sequence[float | None]) -> AuditRow:
    """Judge films whose lungs were painted over; ``without_lungs`` goes film by film with ``tested``."""
    both = [
        (one, value)
        for one, value in zip(tested, without_lungs, strict=True)
        if value is not None and one.known.rds is not None and one.said.probability is not None
    ]
    truth = [bool(one.known.rds) for one, _ in both]
    left = auroc_interval(truth, [value for _, value in both]) if both else _nothing()
    against = compare_auroc(truth, _scores([one for one, _ in both]), [value for _, value in both])
    passed = None if math.isnan(left.value) else left.low <= 0.5 <= left.high
    return AuditRow(
        "lungs painted over", len(both), left, against, "near 0.5: nothing else on the film tells", passed
    )


def swapped_row(tested: Sequence[FilmResult], swapped: Sequence[FilmResult]) -> AuditRow:
    """Compare with films on which devices go along with the label the other way round."""
    plain, other = labelled(tested), labelled(swapped)
    here = auroc_interval(_truth(plain), _scores(plain)) if plain else _nothing()
    there = auroc_interval(_truth(other), _scores(other)) if other else _nothing()
    partner = {one.known.patient: one for one in other}
    same = [
        (one, partner[one.known.patient])
        for one in plain
        if one.known.patient in partner and partner[one.known.patient].known.rds == one.known.rds
    ]
    if len(same) == len(plain) == len(other):
        against = compare_auroc(_truth(plain), _scores(plain), _scores([twin for _, twin in same]))
    else:
        against = independent_difference(here, there)
    wanted = "no lower: tubes and leads are not what is judged"
    passed = None if math.isnan(against.difference) else against.low <= 0
    return AuditRow("devices swapped", len(other), there, against, wanted, passed)


def shuffled_row(tested: Sequence[FilmResult], shuffles: int = SHUFFLES, seed: int = 0) -> AuditRow:
    """Shuffle the labels: the range of AUROC that chance alone gives on these films."""
    films, rng = labelled(tested), np.random.default_rng(seed)
    truth, scores = np.array(_truth(films), bool), _scores(films)
    areas = np.array([auroc(rng.permutation(truth), scores) for _ in range(shuffles)])
    low, high = np.percentile(areas, (2.5, 97.5))
    own = auroc(truth, scores)
    p = (1 + int((areas >= own).sum())) / (1 + shuffles)
    chance = Interval(float(areas.mean()), float(low), float(high))
    against = Comparison(own - chance.value, own - chance.high, own - chance.low, p)
    passed = None if math.isnan(own) else own > chance.high
    return AuditRow("labels shuffled", len(films), chance, against, "0.5, far below the classifier", passed)


def _baseline(
    name: str, features: Features, tested: list[FilmResult], validation: list[FilmResult]
) -> AuditRow | None:
    """Fit a baseline and compare; None where the films do not know the feature, or no fit is possible."""
    known = [(one, found) for one in tested if (found := features(one)) is not None]
    table = np.array([found for _, found in known], float)
    score = _score(table, features, validation) if len(known) else None
    if score is None or not np.ptp(score):
        return None
    films = [one for one, _ in known]
    truth = _truth(films)
    against = compare_auroc(truth, _scores(films), score)
    wanted = "below the classifier by more than its interval"
    passed = None if math.isnan(against.p) else against.low > 0
    return AuditRow(name, len(films), auroc_interval(truth, score), against, wanted, passed)


def _score(
    table: NDArray[np.float64], features: Features, validation: list[FilmResult]
) -> NDArray[np.float64] | None:
    """Give the baseline's log-odds; without enough validation films small lungs stand for disease."""
    known = [(one, found) for one in validation if (found := features(one)) is not None]
    truth = _truth([one for one, _ in known])
    if len(known) >= _LEAST_FIT and 0 < sum(truth) < len(truth):
        seen = np.array([found for _, found in known], float)
        centre, spread = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-12)
        return logistic_score((table - centre) / spread, fit_logistic((seen - centre) / spread, truth))
    return -table[:, 0] if features is _fraction else None


def _fraction(result: FilmResult) -> tuple[float, ...] | None:
    return _single(result.said.lung_fraction)


def _single(value: float | None) -> tuple[float, ...] | None:
    return None if value is None else (value,)


def _grey_and_texture(result: FilmResult) -> tuple[float, ...] | None:
    said = result.said
    if said.lung_mean is None or said.lung_texture is None:
        return None
    return said.lung_mean, said.lung_texture


def _numbers(result: FilmResult, *names: str) -> tuple[float, ...] | None:
    text = next((result.known.attributes[name] for name in names if name in result.known.attributes), "")
    try:
        return (float(text),)
    except ValueError:
        return None


def _truth(results: Sequence[FilmResult]) -> list[bool]:
    return [bool(one.known.rds) for one in results]


def _scores(results: Sequence[FilmResult]) -> NDArray[np.float64]:
    return np.array([one.said.probability for one in results], float)


def _nothing() -> Interval:
    return Interval(math.nan, math.nan, math.nan)
