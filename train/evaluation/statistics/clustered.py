"""Paired comparisons where patients have several films: what was drawn are patients, not films.

DeLong's and Bonett and Price's intervals over patients equal those over films where every patient has one,
and stay as they are when every film is there several times. The bootstrap assumes no shape of the difference,
but cannot tell that what no patient showed may yet happen; it gives no p.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.bootstrap import REPEATS, patient_weights, percentile_interval
from train.evaluation.statistics.delong import by_variance, normal_quantile
from train.evaluation.statistics.ranking import as_labels
from train.evaluation.statistics.values import Comparison

Floats = NDArray[np.float64]
BOOTSTRAP = "bootstrap over patients"


@dataclass(frozen=True, slots=True)
class Patients:
    """Whose each film is.

    Attributes
    ----------
    names
        One a film.
    repeats
        Draws of the bootstrap.
    """

    names: Sequence[Hashable]
    repeats: int = REPEATS
    seed: int = 0

    @property
    def have_several(self) -> bool:
        """Whether somebody has more than one film."""
        return len(set(self.names)) < len(self.names)

    @property
    def numbers(self) -> NDArray[np.intp]:
        """Patient of each film, from 0."""
        number = {name: i for i, name in enumerate(dict.fromkeys(self.names))}
        return np.array([number[name] for name in self.names], np.intp)

    def weights(self) -> Floats:
        """How often each patient is drawn: (repeats, patients)."""
        return patient_weights(len(set(self.names)), self.repeats, self.seed)

    def of(self, members: NDArray[np.bool_]) -> Patients:
        """Leave out films."""
        kept = [name for name, is_member in zip(self.names, members, strict=True) if is_member]
        return Patients(kept, self.repeats, self.seed)


def widest(tests: Mapping[str, Comparison]) -> tuple[str, Comparison]:
    """Join tests of one difference: the interval that reaches as far as any of theirs, and the largest p.

    Returns
    -------
    tuple
        Names of the tests that gave the bounds, and the comparison.
    """
    names, found = list(tests), list(tests.values())
    lows, highs = [one.low for one in found], [one.high for one in found]
    bounds = int(np.nanargmin(lows)), int(np.nanargmax(highs))
    p = max((one.p for one in found if not math.isnan(one.p)), default=math.nan)
    joined = Comparison(found[0].difference, lows[bounds[0]], highs[bounds[1]], p)
    return " and ".join(dict.fromkeys(names[i] for i in bounds)), joined


def auroc_tests(labels: ArrayLike, a: ArrayLike, b: ArrayLike, patients: Patients) -> dict[str, Comparison]:
    """Compare the areas under two ROC curves by patients, in two ways; none where a class is missing.

    Notes
    -----
    Variance: Obuchowski, Biometrics 1997;53:567.
    """
    positive = as_labels(labels)
    if positive.all() or not positive.any():
        return {}
    whose = patients.numbers
    won = _pairs_won(positive, np.asarray(a, float), np.asarray(b, float), whose)
    ones, zeros = (np.bincount(whose[its], minlength=len(won)).astype(float) for its in (positive, ~positive))
    return {
        "DeLong over patients": _delong(won, ones, zeros),
        BOOTSTRAP: _bootstrap_auroc(won, ones, zeros, patients.weights()),
    }


def share_tests(right_a: ArrayLike, right_b: ArrayLike, patients: Patients) -> dict[str, Comparison]:
    """Compare how often two methods are right by patients, in two ways; none without films.

    Notes
    -----
    Interval: Bonett and Price, J Educ Behav Stat 2012;37:479, of patients instead of films. Clustered pairs:
    Obuchowski, Statistics in Medicine 1998;17:1495.
    """
    more, whose = np.asarray(right_a, float) - np.asarray(right_b, float), patients.numbers
    if not more.size:
        return {}
    gained, films = (np.bincount(whose, one).astype(float) for one in (more, np.ones_like(more)))
    return {
        "Bonett-Price over patients": _bonett_price(gained, films),
        BOOTSTRAP: _bootstrap_share(gained, films, patients.weights()),
    }


def _pairs_won(positive: NDArray[np.bool_], a: Floats, b: Floats, whose: NDArray[np.intp]) -> Floats:
    """Count the pairs of films that ``a`` ranks right and ``b`` does not, less the reverse.

    Returns
    -------
    ndarray
        (patients, patients): whose the film with the finding is, and whose the one without.
    """
    count = int(whose.max()) + 1
    won = np.zeros((count, count))
    for film in np.flatnonzero(positive):
        more = (np.sign(a[film] - a[~positive]) - np.sign(b[film] - b[~positive])) / 2
        won[whose[film]] += np.bincount(whose[~positive], more, count)
    return won


def _delong(won: Floats, ones: Floats, zeros: Floats) -> Comparison:
    difference = float(won.sum() / (ones.sum() * zeros.sum()))
    of_ones = (won.sum(axis=1) / zeros.sum() - difference * ones) / ones.sum()
    of_zeros = (won.sum(axis=0) / ones.sum() - difference * zeros) / zeros.sum()
    variance = (
        _unbiased(ones) * of_ones @ of_ones
        + _unbiased(zeros) * of_zeros @ of_zeros
        + 2 * _unbiased(ones + zeros) * of_ones @ of_zeros
    )
    return by_variance(difference, float(variance))


def _unbiased(films: Floats) -> float:
    count = int((films > 0).sum())
    return count / max(1, count - 1)


def _bonett_price(gained: Floats, films: Floats, level: float = 0.95) -> Comparison:
    """Add two patients of average size, one right by each method alone; the variance is that of a ratio."""
    size = films.mean()
    those, of = np.append(gained, (size, -size)), np.append(films, (size, size))
    centre = float(those.sum() / of.sum())
    deviation = math.sqrt(((those - centre * of) ** 2).sum()) / float(of.sum())
    reach = normal_quantile(level) * deviation
    p = math.erfc(abs(centre) / (math.sqrt(2) * deviation))
    difference = float(gained.sum() / films.sum())
    return Comparison(difference, max(-1.0, centre - reach), min(1.0, centre + reach), p)


def _bootstrap_auroc(won: Floats, ones: Floats, zeros: Floats, weights: Floats) -> Comparison:
    above, below = ((weights @ won) * weights).sum(axis=1), (weights @ ones) * (weights @ zeros)
    drawn = below > 0
    return _percentiles(won.sum() / (ones.sum() * zeros.sum()), above[drawn] / below[drawn])


def _bootstrap_share(gained: Floats, films: Floats, weights: Floats) -> Comparison:
    return _percentiles(gained.sum() / films.sum(), (weights @ gained) / (weights @ films))


def _percentiles(difference: float, draws: Floats) -> Comparison:
    interval = percentile_interval(difference, draws)
    return Comparison(interval.value, interval.low, interval.high, math.nan)
