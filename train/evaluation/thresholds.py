"""Operating points: chosen on validation films, then frozen."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.ranking import as_labels

LEAST = 0.95


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A threshold and where it comes from: present when ``probability >= threshold``."""

    name: str
    threshold: float
    origin: str


def choose_points(labels: ArrayLike, probabilities: ArrayLike) -> tuple[OperatingPoint, ...]:
    """Choose the three operating points on validation films of both classes."""
    truth, values = as_labels(labels), np.asarray(probabilities, float)
    films = f"{len(truth)} validation films"
    return (
        OperatingPoint("Youden", youden_threshold(truth, values), films),
        OperatingPoint(f"sensitivity ≥ {LEAST:g}", sensitive_threshold(truth, values), films),
        OperatingPoint(f"specificity ≥ {LEAST:g}", specific_threshold(truth, values), films),
    )


def youden_threshold(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """Probability at which sensitivity plus specificity is greatest, half-way to the next lower film's."""
    truth, values = as_labels(labels), np.asarray(probabilities, float)
    cuts = _half_ways(values)[:-1]
    gains = [np.mean(values[truth] >= cut) - np.mean(values[~truth] >= cut) for cut in cuts]
    return float(cuts[int(np.argmax(gains))])


def sensitive_threshold(labels: ArrayLike, probabilities: ArrayLike, least: float = LEAST) -> float:
    """Highest cut, half-way between films, that calls at least this part of the positive films present."""
    truth, values = as_labels(labels), np.asarray(probabilities, float)
    enough = [cut for cut in _half_ways(values) if np.mean(values[truth] >= cut) >= least]
    return float(max(enough))


def specific_threshold(labels: ArrayLike, probabilities: ArrayLike, least: float = LEAST) -> float:
    """Lowest cut, half-way between films, that calls at least this part of the negative films absent."""
    truth, values = as_labels(labels), np.asarray(probabilities, float)
    enough = [cut for cut in _half_ways(values) if np.mean(values[~truth] < cut) >= least]
    return float(min(enough))


def sensitivity_specificity(
    labels: ArrayLike, probabilities: ArrayLike, threshold: float
) -> tuple[float, float]:
    """Fractions of films with and without the finding on the right side of the threshold; NaN without any."""
    truth, called = as_labels(labels), np.asarray(probabilities) >= threshold
    sensitivity = float(called[truth].mean()) if truth.any() else math.nan
    return sensitivity, float((~called[~truth]).mean()) if not truth.all() else math.nan


def _half_ways(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the lowest film's value, the middles between neighbours, and a value above all."""
    steps = np.unique(values)
    above = np.nextafter(steps[-1], np.inf)
    return np.concatenate([[steps[0]], 0.5 * (steps[1:] + steps[:-1]), [above]])
