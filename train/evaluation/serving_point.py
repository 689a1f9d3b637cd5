"""How a classifier's logits become a probability and a decision, chosen on validation films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.calibration import fit_platt, to_probabilities
from train.evaluation.thresholds import youden_threshold

_DIGITS = 4
_LEAST, _MOST = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class ServingPoint:
    """The probability is the logistic function of ``logits / temperature + bias``; the threshold is of that.

    The defaults are the source paper's.
    """

    temperature: float = 1.0
    bias: float = 0.0
    threshold: float = 0.5

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """Calibrate logits."""
        return to_probabilities(np.asarray(logits, float) / self.temperature + self.bias)


def fit_serving_point(logits: ArrayLike, labels: ArrayLike) -> ServingPoint:
    """Calibrate by Platt scaling, then choose the threshold."""
    temperature, bias = (round(value, _DIGITS) for value in fit_platt(logits, labels))
    calibrated = ServingPoint(temperature, bias)
    return ServingPoint(temperature, bias, choose_threshold(calibrated.probabilities(logits), labels))


def choose_threshold(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Take the threshold of greatest Youden index, within [0.05, 0.95]."""
    return round(float(np.clip(youden_threshold(labels, probabilities), _LEAST, _MOST)), _DIGITS)
