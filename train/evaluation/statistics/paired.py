"""Two measurements of the same films compared, film by film."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from train.evaluation.statistics.bootstrap import REPEATS, patient_bootstrap
from train.evaluation.statistics.values import Comparison, Interval


def wilcoxon_paired(
    a: ArrayLike,
    b: ArrayLike,
    patients: Sequence[Hashable] | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Comparison:
    """Compare two measurements by Wilcoxon's signed-rank test.

    Parameters
    ----------
    patients
        Whose each film is, for the interval; every film is its own patient's when None.

    Returns
    -------
    Comparison
        Mean of ``a - b`` with its bootstrap interval. Films without a difference are left out of the test;
        p is 1 when no other is left, and NaN without films.
    """
    from scipy.stats import wilcoxon

    differences = np.asarray(a, float) - np.asarray(b, float)
    if not differences.size:
        return Comparison(math.nan, math.nan, math.nan, math.nan)
    whose = patients if patients is not None else range(len(differences))
    mean = patient_bootstrap(lambda rows: float(differences[rows].mean()), whose, repeats, seed)
    changed = differences[differences != 0]
    p = float(wilcoxon(changed).pvalue) if changed.size else 1.0
    return Comparison(mean.value, mean.low, mean.high, p)


def independent_difference(a: Interval, b: Interval) -> Comparison:
    """Compare two figures of different films by their intervals; p is not told.

    Notes
    -----
    Square-and-add of the distances to the limits: Newcombe, Statistics in Medicine 1998;17:873.
    """
    difference = a.value - b.value
    down = math.hypot(a.value - a.low, b.high - b.value)
    up = math.hypot(a.high - a.value, b.value - b.low)
    return Comparison(difference, difference - down, difference + up, math.nan)
