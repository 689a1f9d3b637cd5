"""Intervals and paired tests of the area under the ROC curve by DeLong's variance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.ranking import as_labels
from train.evaluation.statistics.values import Comparison, Interval


def auroc_interval(labels: ArrayLike, scores: ArrayLike, level: float = 0.95) -> Interval:
    """Area under the ROC curve with its interval, computed on the log-odds so that it stays within [0, 1].

    Returns
    -------
    Interval
        NaN when a class is missing. An area of exactly 0 or 1 has no variance of DeLong; its interval then
        reaches as far as that of a proportion of the smaller class without an exception.

    Notes
    -----
    DeLong, DeLong, Clarke-Pearson, Biometrics 1988;44:837 (variance); Pepe, The Statistical Evaluation of
    Medical Tests, 2003, 5.2 (log-odds scale).
    """
    positive = as_labels(labels)
    smaller = int(min(positive.sum(), (~positive).sum()))
    if smaller == 0:
        return Interval(math.nan, math.nan, math.nan)
    (area,), ((variance,),) = areas_and_covariance(positive, [scores])
    if variance <= 0:
        return _interval_without_variance(float(area), smaller, level)
    inner = float(np.clip(area, 1e-12, 1 - 1e-12))
    reach = normal_quantile(level) * math.sqrt(variance) / (inner * (1 - inner))
    odds = math.log(inner / (1 - inner))
    return Interval(float(area), _expit(odds - reach), _expit(odds + reach))


def compare_auroc(labels: ArrayLike, a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Comparison:
    """Compare the areas of two scores on the same films.

    Returns
    -------
    Comparison
        Area of ``a`` minus area of ``b``. Equal rankings give p = 1; rankings that differ without any
        variance, or a missing class, give NaN and the widest interval.
    """
    positive = as_labels(labels)
    if positive.all() or not positive.any():
        return Comparison(math.nan, -1.0, 1.0, math.nan)
    areas, covariance = areas_and_covariance(positive, [a, b])
    difference = float(areas[0] - areas[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    return by_variance(difference, variance, level)


def by_variance(difference: float, variance: float, level: float = 0.95) -> Comparison:
    """Compare by a normal distribution; without any variance only no difference at all can be told."""
    if variance <= 1e-15:
        same = abs(difference) < 1e-12
        return Comparison(0.0, 0.0, 0.0, 1.0) if same else Comparison(difference, -1.0, 1.0, math.nan)
    reach = normal_quantile(level) * math.sqrt(variance)
    p = math.erfc(abs(difference) / math.sqrt(2 * variance))
    return Comparison(difference, max(-1.0, difference - reach), min(1.0, difference + reach), p)


def areas_and_covariance(
    labels: ArrayLike, scores: list[ArrayLike]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas of several scores on the same films, and the covariance matrix of their estimates.

    Returns
    -------
    tuple
        (K,) and (K, K).

    Notes
    -----
    Structural components from ranks: Sun, Xu, IEEE Signal Processing Letters 2014;21:1389.
    """
    positive = as_labels(labels)
    parts = [_components(positive, np.asarray(values, float)) for values in scores]
    of_positives, of_negatives = np.array([part[0] for part in parts]), np.array([part[1] for part in parts])
    covariance = _spread(of_positives) + _spread(of_negatives)
    return of_positives.mean(axis=1), covariance


def normal_quantile(level: float) -> float:
    """How many standard deviations a two-sided interval of this level reaches."""
    from scipy.stats import norm

    return float(norm.ppf(0.5 + level / 2))


def _components(
    positive: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Part of the other class that each film is ranked right against."""
    from scipy.stats import rankdata

    everywhere = rankdata(scores)
    ones, zeros = int(positive.sum()), int((~positive).sum())
    beaten = (everywhere[positive] - rankdata(scores[positive])) / zeros
    beating = 1 - (everywhere[~positive] - rankdata(scores[~positive])) / ones
    return beaten, beating


def _spread(components: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariance of the components' means; zero when there is a single film."""
    count = components.shape[1]
    if count < 2:
        return np.zeros((len(components), len(components)))
    return np.asarray(np.atleast_2d(np.cov(components)) / count)


def _interval_without_variance(area: float, smaller: int, level: float) -> Interval:
    reach = 1 - ((1 - level) / 2) ** (1 / smaller)
    return Interval(area, max(0.0, area - reach), min(1.0, area + reach))


def _expit(odds: float) -> float:
    return 0.5 * (1 + math.tanh(0.5 * odds))
