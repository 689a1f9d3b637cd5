"""Logistic regression with a handful of features, for baselines and for the calibration line."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.ranking import as_labels

_STEPS = 100


def fit_logistic(
    features: ArrayLike, labels: ArrayLike, *, offset: ArrayLike | None = None, ridge: float = 1e-9
) -> NDArray[np.float64]:
    """Coefficients of greatest likelihood, by Newton's steps.

    Parameters
    ----------
    features
        (N, K); K may be 0, which leaves the intercept.
    offset
        (N,) log-odds that are given beforehand.
    ridge
        Small penalty on all coefficients, so that separable classes have an answer.

    Returns
    -------
    ndarray
        (K + 1,), the intercept first.
    """
    design = _with_ones(features)
    truth, given = as_labels(labels).astype(float), np.zeros(len(design)) if offset is None else offset
    coefficients = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        expected = _expit(design @ coefficients + np.asarray(given, float))
        slope = design.T @ (truth - expected) - ridge * coefficients
        curvature = (design * (expected * (1 - expected))[:, None]).T @ design
        step = np.linalg.solve(curvature + ridge * np.eye(len(coefficients)), slope)
        # A Newton step from far away overshoots; short steps reach the same maximum.
        coefficients += step * min(1.0, 5.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-10:
            break
    return coefficients


def logistic_score(features: ArrayLike, coefficients: ArrayLike) -> NDArray[np.float64]:
    """Log-odds (N,) of features (N, K)."""
    return np.asarray(_with_ones(features) @ np.asarray(coefficients, float), np.float64)


def _with_ones(features: ArrayLike) -> NDArray[np.float64]:
    columns = np.asarray(features, float)
    return np.column_stack([np.ones(len(columns)), columns])


def _expit(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * odds)))
