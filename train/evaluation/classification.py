"""Figures of a judgement present/absent: discrimination, and what happens at frozen thresholds."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.bootstrap import REPEATS, bootstrap_all, patient_bootstrap
from train.evaluation.statistics.delong import auroc_interval
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
        balanced_accuracy, f1, mcc, and ppv/npv at other prevalences, with bootstrap intervals.
    """

    point: OperatingPoint
    counts: Counts
    proportions: dict[str, Interval]
    derived: dict[str, Interval]


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
    """Balanced accuracy, F1, Matthews correlation, predictive values at `PREVALENCES`; NaN if undefined."""
    hit, extra = counts.true_positive, counts.false_positive
    missed, clear = counts.false_negative, counts.true_negative
    sensitivity, specificity = _ratio(hit, hit + missed), _ratio(clear, clear + extra)
    spread = float(hit + extra) * (hit + missed) * (clear + extra) * (clear + missed)
    figures = {
        "balanced_accuracy": (sensitivity + specificity) / 2,
        "f1": _ratio(2 * hit, 2 * hit + extra + missed),
        "mcc": _ratio(hit * clear - extra * missed, math.sqrt(spread)),
    }
    for prevalence in PREVALENCES:
        ppv, npv = predictive_values(sensitivity, specificity, prevalence)
        figures[f"ppv_at_{prevalence:.0%}"], figures[f"npv_at_{prevalence:.0%}"] = ppv, npv
    return figures


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple[float, float]:
    """Positive and negative predictive value by Bayes' rule; NaN where nothing is called so."""
    hit, extra = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    missed, clear = (1 - sensitivity) * prevalence, specificity * (1 - prevalence)
    return _ratio(hit, hit + extra), _ratio(clear, clear + missed)


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
    return PointFigures(point, counts, proportions(counts), intervals)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
