"""Figures of a judgement present/absent: discrimination, and what happens at frozen thresholds."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.bootstrap import REPEATS, bootstrap_all, patient_bootstrap
from train.evaluation.statistics.delong import auroc_interval, normal_quantile
from train.evaluation.statistics.proportions import wilson
from train.evaluation.statistics.ranking import as_labels, average_precision
from train.evaluation.statistics.values import Interval
from train.evaluation.thresholds import OperatingPoint

PREVALENCES = (0.07, 0.25, 0.54)
"""At which predictive values are given besides the films' own; the last is the source paper's."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Films by truth and judgement."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int


@dataclass(frozen=True, slots=True)
class PointFigures:
    """What one threshold does.

    Attributes
    ----------
    proportions
        accuracy, sensitivity, specificity, ppv, npv with Wilson's intervals; predictive values at the
        films' own prevalence.
    derived
        balanced_accuracy, f1 and mcc with bootstrap intervals.
    at_prevalence
        ppv and npv at each of `PREVALENCES`, see `predictive_values`.
    """

    point: OperatingPoint
    counts: Counts
    proportions: dict[str, Interval]
    derived: dict[str, Interval]
    at_prevalence: dict[str, Interval]


@dataclass(frozen=True, slots=True)
class ClassificationFigures:
    """Discrimination of films with a label and a probability."""

    films: int
    positives: int
    patients: int
    auroc: Interval
    auprc: Interval
    points: tuple[PointFigures, ...]


def classification_figures(
    labels: ArrayLike,
    probabilities: ArrayLike,
    patients: Sequence[Hashable],
    points: Sequence[OperatingPoint],
    repeats: int = REPEATS,
    seed: int = 0,
) -> ClassificationFigures:
    """Measure films at thresholds that were chosen elsewhere."""
    truth, values = as_labels(labels), np.asarray(probabilities, float)
    return ClassificationFigures(
        films=len(truth),
        positives=int(truth.sum()),
        patients=len(set(patients)),
        auroc=auroc_interval(truth, values),
        auprc=patient_bootstrap(
            lambda rows: average_precision(truth[rows], values[rows]), patients, repeats, seed
        ),
        points=tuple(_point_figures(truth, values, patients, point, repeats, seed) for point in points),
    )


def count(labels: ArrayLike, called: ArrayLike) -> Counts:
    """Count films by truth and judgement."""
    truth, said = as_labels(labels), np.asarray(called, bool)
    return Counts(
        int((truth & said).sum()),
        int((~truth & said).sum()),
        int((truth & ~said).sum()),
        int((~truth & ~said).sum()),
    )


def proportions(counts: Counts) -> dict[str, Interval]:
    """Accuracy, sensitivity, specificity and predictive values with Wilson's intervals."""
    hit, extra = counts.true_positive, counts.false_positive
    missed, clear = counts.false_negative, counts.true_negative
    return {
        "accuracy": wilson(hit + clear, hit + extra + missed + clear),
        "sensitivity": wilson(hit, hit + missed),
        "specificity": wilson(clear, clear + extra),
        "ppv": wilson(hit, hit + extra),
        "npv": wilson(clear, clear + missed),
    }


def derived(counts: Counts) -> dict[str, float]:
    """Balanced accuracy, F1 and Matthews correlation; NaN where undefined."""
    hit, extra = counts.true_positive, counts.false_positive
    missed, clear = counts.false_negative, counts.true_negative
    spread = float(hit + extra) * (hit + missed) * (clear + extra) * (clear + missed)
    return {
        "balanced_accuracy": (_ratio(hit, hit + missed) + _ratio(clear, clear + extra)) / 2,
        "f1": _ratio(2 * hit, 2 * hit + extra + missed),
        "mcc": _ratio(hit * clear - extra * missed, math.sqrt(spread)),
    }


def predictive_values(counts: Counts, prevalence: float, level: float = 0.95) -> tuple[Interval, Interval]:
    """Positive and negative predictive value where the finding is as frequent as given, by Bayes' rule.

    Notes
    -----
    Adjusted logit intervals: Mercaldo, Lau, Zhou, Statistics in Medicine 2007;26:2170. Unlike a bootstrap
    they do not shrink to nothing where no film was judged wrong.
    """
    hit, missed = counts.true_positive, counts.false_negative
    clear, extra = counts.true_negative, counts.false_positive
    odds = prevalence / (1 - prevalence)
    positive = _odds_interval((hit, missed), (extra, clear), odds, level)
    return positive, _odds_interval((clear, extra), (missed, hit), 1 / odds, level)


def _odds_interval(right: tuple[int, int], wrong: tuple[int, int], odds: float, level: float) -> Interval:
    """Give the share of right calls.

    Parameters
    ----------
    right
        Films of the class that is called right, and films of it that are not called so.
    wrong
        The same of the other class, whose films are called so wrongly.
    """
    true, false = _ratio(right[0], sum(right)), _ratio(wrong[0], sum(wrong))
    value = _ratio(true * odds, true * odds + false)
    if not sum(right) or not sum(wrong):
        return Interval(value, math.nan, math.nan)
    z = normal_quantile(level)
    (true, spread_true), (false, spread_false) = (_adjusted(pair, z) for pair in (right, wrong))
    centre, reach = math.log(true * odds / false), z * math.sqrt(spread_true + spread_false)
    low, high = (1 / (1 + math.exp(-edge)) for edge in (centre - reach, centre + reach))
    return Interval(value, min(low, value), max(high, value))


def _adjusted(pair: tuple[int, int], z: float) -> tuple[float, float]:
    """Agresti and Coull's share, and the variance of its logarithm."""
    films = sum(pair) + z**2
    share = (pair[0] + z**2 / 2) / films
    return share, (1 - share) / (share * films)


def _point_figures(
    truth: NDArray[np.bool_],
    values: NDArray[np.float64],
    patients: Sequence[Hashable],
    point: OperatingPoint,
    repeats: int,
    seed: int,
) -> PointFigures:
    called = values >= point.threshold
    counts = count(truth, called)
    intervals = bootstrap_all(lambda rows: derived(count(truth[rows], called[rows])), patients, repeats, seed)
    return PointFigures(point, counts, proportions(counts), intervals, _at_prevalences(counts))


def _at_prevalences(counts: Counts) -> dict[str, Interval]:
    figures = {}
    for prevalence in PREVALENCES:
        ppv, npv = predictive_values(counts, prevalence)
        figures[f"ppv_at_{prevalence:.0%}"], figures[f"npv_at_{prevalence:.0%}"] = ppv, npv
    return figures


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
