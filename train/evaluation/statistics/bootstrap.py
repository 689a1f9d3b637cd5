"""Intervals of any figure by drawing patients again, so that several films of one patient stay together."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.statistics.values import Interval

REPEATS = 2000
Rows = NDArray[np.intp]


def patient_bootstrap(
    statistic: Callable[[Rows], float],
    patients: Sequence[Hashable],
    repeats: int = REPEATS,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Give a figure with its percentile interval.

    Parameters
    ----------
    statistic
        Computes the figure from row numbers, which repeat where a patient was drawn more than once.
    patients
        Whose each row is.

    Returns
    -------
    Interval
        Draws in which the figure is undefined (NaN) are left out.
    """
    named = bootstrap_all(lambda rows: {"": statistic(rows)}, patients, repeats, seed, level)
    return named[""]


def bootstrap_all(
    statistics: Callable[[Rows], Mapping[str, float]],
    patients: Sequence[Hashable],
    repeats: int = REPEATS,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Interval]:
    """Give several figures of the same draws, by name."""
    values = statistics(np.arange(len(patients)))
    draws = [statistics(rows) for rows in patient_draws(patients, repeats, seed)]
    return {
        name: percentile_interval(value, [draw[name] for draw in draws], level)
        for name, value in values.items()
    }


def patient_draws(patients: Sequence[Hashable], repeats: int, seed: int) -> Iterator[Rows]:
    """Draw as many patients as there are, with replacement, and give all their rows."""
    rng = np.random.default_rng(seed)
    rows_of: dict[Hashable, list[int]] = {}
    for row, patient in enumerate(patients):
        rows_of.setdefault(patient, []).append(row)
    groups = [np.array(rows, np.intp) for rows in rows_of.values()]
    for _ in range(repeats if groups else 0):
        yield np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])


def patient_weights(patients: int, repeats: int, seed: int) -> NDArray[np.float64]:
    """Draw as many patients as there are, with replacement; how often each comes: (draws, patients)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(patients, np.full(patients, 1 / patients), repeats).astype(float)


def percentile_interval(value: float, draws: ArrayLike, level: float = 0.95) -> Interval:
    """Give the interval that leaves out as many draws below as above; draws that are NaN do not count."""
    known = np.asarray(draws, float)
    known = known[np.isfinite(known)]
    if not len(known):
        return Interval(float(value), math.nan, math.nan)
    low, high = np.percentile(known, (50 * (1 - level), 50 * (1 + level)))
    return Interval(float(value), float(low), float(high))
