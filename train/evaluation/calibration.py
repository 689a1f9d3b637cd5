"""Whether a probability means what it says: temperature, likelihood, calibration line, reliability."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.bootstrap import REPEATS, bootstrap_all
from train.evaluation.statistics.logistic import fit_logistic
from train.evaluation.statistics.proportions import wilson
from train.evaluation.statistics.ranking import as_labels
from train.evaluation.statistics.values import Interval

BINS = 10
_SUREST = 1e-6
_MOST_BIAS = 5.0


@dataclass(frozen=True, slots=True)
class ReliabilityPoint:
    """Films of like probability: what was said, and how often it was so."""

    films: int
    mean_probability: float
    frequency: Interval


@dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """How well probabilities fit what happened.

    Attributes
    ----------
    nll, brier
        Mean negative log-likelihood (natural logarithm) and mean squared error.
    brier_positive, brier_negative
        The same of each class alone: an average can hide that one of them is judged worse.
    slope, intercept
        Of the logistic calibration line: 1 and 0 are right; a slope below 1 means too extreme. The intercept
        is calibration in the large, with the slope held at 1.
    ece
        Expected calibration error over bins of equally many films; chance alone lifts it above 0.
    """

    films: int
    nll: Interval
    brier: Interval
    brier_positive: Interval
    brier_negative: Interval
    slope: Interval
    intercept: Interval
    ece: Interval
    reliability: tuple[ReliabilityPoint, ...]


def calibration_figures(
    labels: ArrayLike,
    probabilities: ArrayLike,
    patients: Sequence[Hashable],
    repeats: int = REPEATS,
    seed: int = 0,
) -> CalibrationFigures:
    """Measure the calibration of films of both classes."""
    truth, values = as_labels(labels).astype(float), np.asarray(probabilities, float)
    logits = to_logits(values)
    named = bootstrap_all(lambda rows: _figures(truth[rows], logits[rows]), patients, repeats, seed)
    return CalibrationFigures(films=len(truth), reliability=reliability(truth, values), **named)


def _figures(truth: NDArray[np.float64], logits: NDArray[np.float64]) -> dict[str, float]:
    values = to_probabilities(logits)
    errors = (values - truth) ** 2
    line = calibration_line(truth, logits)
    return {
        "nll": negative_log_likelihood(logits, truth),
        "brier": float(errors.mean()),
        "brier_positive": float(errors[truth == 1].mean()) if truth.any() else math.nan,
        "brier_negative": float(errors[truth == 0].mean()) if not truth.all() else math.nan,
        "slope": line[0],
        "intercept": line[1],
        "ece": expected_calibration_error(truth, values),
    }


def calibration_line(labels: ArrayLike, logits: ArrayLike) -> tuple[float, float]:
    """Slope, and intercept with the slope held at 1; NaN when a class is missing.

    Notes
    -----
    Cox, Biometrika 1958;45:562; Van Calster et al., BMC Medicine 2019;17:230.
    """
    truth, values = as_labels(labels), np.asarray(logits, float)
    if truth.all() or not truth.any():
        return math.nan, math.nan
    slope = float(fit_logistic(values[:, None], truth)[1])
    return slope, float(fit_logistic(np.empty((len(values), 0)), truth, offset=values)[0])


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Temperature in [0.05, 20] that minimises the mean negative log-likelihood."""
    from scipy.optimize import minimize_scalar

    scores, truth = np.asarray(logits, float), np.asarray(labels, float)

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(scores / math.exp(log_temperature), truth)

    found = minimize_scalar(loss, bounds=(math.log(0.05), math.log(20)), method="bounded")
    return float(math.exp(found.x))


def fit_platt(logits: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """Temperature in [0.05, 20] and bias in [-5, 5] that together minimise the mean negative log-likelihood.

    The calibrated log-odds are ``logits / temperature + bias``, which keeps the order of films.

    Notes
    -----
    Platt, Advances in Large Margin Classifiers, 1999, pp. 61-74.
    """
    from scipy.optimize import minimize

    scores, truth = np.asarray(logits, float), np.asarray(labels, float)

    def loss(found: NDArray[np.float64]) -> float:
        return negative_log_likelihood(scores / math.exp(found[0]) + found[1], truth)

    bounds = ((math.log(0.05), math.log(20)), (-_MOST_BIAS, _MOST_BIAS))
    found = minimize(loss, (0.0, 0.0), bounds=bounds, method="L-BFGS-B")
    return float(math.exp(found.x[0])), float(found.x[1])


def negative_log_likelihood(logits: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Mean over films, natural logarithm."""
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))


def expected_calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS) -> float:
    """Mean gap between probability and frequency over bins of equally many films."""
    parts = _equal_bins(labels, probabilities, bins)
    films = sum(len(truth) for truth, _ in parts)
    return float(sum(abs(truth.mean() - values.mean()) * len(truth) for truth, values in parts) / films)


def reliability(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS
) -> tuple[ReliabilityPoint, ...]:
    """Give the points of the reliability diagram, frequencies with Wilson's interval."""
    return tuple(
        ReliabilityPoint(len(truth), float(values.mean()), wilson(int(truth.sum()), len(truth)))
        for truth, values in _equal_bins(labels, probabilities, bins)
    )


def to_logits(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Log-odds; a probability of exactly 0 or 1 counts as one in a million from it."""
    inner = np.clip(np.asarray(probabilities, float), _SUREST, 1 - _SUREST)
    return np.asarray(np.log(inner) - np.log1p(-inner))


def to_probabilities(logits: ArrayLike, temperature: float = 1.0) -> NDArray[np.float64]:
    """Logistic function of logits divided by a temperature."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.asarray(logits, float) / temperature)))


def _equal_bins(
    labels: ArrayLike, probabilities: ArrayLike, bins: int
) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    order = np.argsort(np.asarray(probabilities), kind="stable")
    truth, values = np.asarray(labels, float)[order], np.asarray(probabilities, float)[order]
    parts = zip(np.array_split(truth, bins), np.array_split(values, bins), strict=True)
    return [part for part in parts if len(part[0])]
