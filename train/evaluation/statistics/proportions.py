"""Proportions, alone and paired."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from train.evaluation.statistics.delong import normal_quantile
from train.evaluation.statistics.values import Comparison, Interval


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """Proportion with Wilson's score interval; NaN within [0, 1] when nothing was tried.

    Notes
    -----
    Wilson, JASA 1927;22:209, without continuity correction.
    """
    if trials == 0:
        return Interval(math.nan, 0.0, 1.0)
    share, z = successes / trials, normal_quantile(level)
    weight = 1 + z**2 / trials
    centre = (share + z**2 / (2 * trials)) / weight
    reach = z / weight * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    low = 0.0 if successes == 0 else centre - reach
    return Interval(share, low, 1.0 if successes == trials else centre + reach)


def mcnemar_exact(right_a: ArrayLike, right_b: ArrayLike, level: float = 0.95) -> Comparison:
    """Compare how often two methods are right on the same films.

    Parameters
    ----------
    right_a, right_b
        Whether each method was right, film by film.

    Returns
    -------
    Comparison
        Accuracy of ``a`` minus accuracy of ``b``; exact binomial p over the films on which they differ.

    Notes
    -----
    Interval: Bonett and Price, J Educ Behav Stat 2012;37:479 (adjusted Wald).
    """
    from scipy.stats import binomtest

    first, second = np.asarray(right_a, bool), np.asarray(right_b, bool)
    films = len(first)
    only_a, only_b = int((first & ~second).sum()), int((second & ~first).sum())
    if films == 0:
        return Comparison(math.nan, -1.0, 1.0, math.nan)
    p = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    share_a, share_b = (only_a + 1) / (films + 2), (only_b + 1) / (films + 2)
    centre = share_a - share_b
    reach = normal_quantile(level) * math.sqrt((share_a + share_b - centre**2) / (films + 2))
    difference = (only_a - only_b) / films
    return Comparison(difference, max(-1.0, centre - reach), min(1.0, centre + reach), float(p))
