"""Figures from arrays: overlap, area under the ROC curve, calibration, operating points."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def intersection_over_union(
    found: NDArray[np.bool_], lung: NDArray[np.bool_], counted: NDArray[np.bool_]
) -> float:
    """Foreground overlap over the counted pixels; 1.0 when both are empty, 0.0 when only one is."""
    union = np.count_nonzero((found | lung) & counted)
    return np.count_nonzero(found & lung & counted) / union if union else 1.0


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve, ties counted half; NaN when one class is missing."""
    from scipy.stats import rankdata

    positive = np.asarray(labels) > 0.5
    ranks = rankdata(scores)
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if ones == 0 or zeros == 0:
        return math.nan
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def auroc_interval(
    labels: ArrayLike, scores: ArrayLike, *, draws: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval of the area under the ROC curve."""
    truth, values = np.asarray(labels), np.asarray(scores)
    rng = np.random.default_rng(seed)
    samples = (rng.integers(0, len(truth), len(truth)) for _ in range(draws))
    areas = np.array([auroc(truth[chosen], values[chosen]) for chosen in samples])
    low, high = np.nanpercentile(areas, (2.5, 97.5))
    return float(low), float(high)


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Temperature in [0.05, 20] that minimises the mean negative log-likelihood."""
    from scipy.optimize import minimize_scalar

    scores, truth = np.asarray(logits, float), np.asarray(labels, float)

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(scores / math.exp(log_temperature), truth)

    found = minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded")
    return float(math.exp(found.x))


def negative_log_likelihood(logits: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Mean over films, natural logarithm."""
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Mean gap between probability and frequency over bins of equally many films."""
    order = np.argsort(np.asarray(probabilities), kind="stable")
    truth, values = np.asarray(labels, float)[order], np.asarray(probabilities, float)[order]
    parts = zip(np.array_split(truth, bins), np.array_split(values, bins), strict=True)
    return float(sum(abs(t.mean() - v.mean()) * len(t) for t, v in parts if len(t)) / len(truth))


def youden_threshold(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Probability at which sensitivity plus specificity is greatest, half-way to the next lower film's."""
    truth, values = np.asarray(labels) > 0.5, np.asarray(probabilities, float)
    steps = np.unique(values)
    middles = np.concatenate([[steps[0]], 0.5 * (steps[1:] + steps[:-1])])
    gains = [np.mean(values[truth] >= cut) - np.mean(values[~truth] >= cut) for cut in middles]
    return float(middles[int(np.argmax(gains))])


def sensitivity_specificity(
    labels: ArrayLike, probabilities: ArrayLike, threshold: float
) -> tuple[float, float]:
    """Fractions of films with and without the finding that fall on the right side of the threshold."""
    truth, called = np.asarray(labels) > 0.5, np.asarray(probabilities) >= threshold
    return float(called[truth].mean()), float((~called[~truth]).mean())
