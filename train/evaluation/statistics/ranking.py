"""Figures that depend only on the order of the scores: ROC curve, precision-recall, their areas."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve, ties counted half; NaN when one class is missing."""
    from scipy.stats import rankdata

    positive = as_labels(labels)
    ranks = rankdata(scores)
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if ones == 0 or zeros == 0:
        return math.nan
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the precision-recall curve as a sum of steps, without interpolation; NaN without positives.

    Notes
    -----
    Sum over thresholds of (recall - recall before) x precision; tied scores form one threshold. Of random
    scores it is the prevalence.
    """
    called, found = _cumulated(labels, scores)
    if found.size == 0 or found[-1] == 0:
        return math.nan
    gains = np.diff(found, prepend=0) / found[-1]
    return float(np.sum(gains * found / called))


def roc_curve(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the corners of the ROC curve from (0, 0) to (1, 1).

    Returns
    -------
    tuple
        False positive rate and true positive rate, ascending; NaN where a class is missing.
    """
    called, found = _cumulated(labels, scores)
    positives, negatives = float(found[-1]), float(called[-1] - found[-1])
    false = np.concatenate([[0.0], (called - found) / negatives if negatives else called * math.nan])
    true = np.concatenate([[0.0], found / positives if positives else found * math.nan])
    return false, true


def as_labels(labels: ArrayLike) -> NDArray[np.bool_]:
    """Labels 0/1, as numbers or booleans, to booleans."""
    return np.asarray(np.asarray(labels) > 0.5, np.bool_)


def _cumulated(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count, at each distinct score from the highest down, films called positive and those rightly so."""
    positive, values = as_labels(labels), np.asarray(scores, float)
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), len(values) - 1)
    return (ends + 1).astype(float), np.cumsum(positive[order])[ends].astype(float)
