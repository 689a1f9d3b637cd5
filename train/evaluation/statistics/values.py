"""What a statistic gives: a value with its interval, or a difference with its interval and its p value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its confidence interval; NaN where nothing can be estimated."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Difference of two paired measurements, first minus second.

    Attributes
    ----------
    low, high
        Confidence interval of the difference.
    p
        Two-sided, of no difference; NaN where it cannot be told.
    """

    difference: float
    low: float
    high: float
    p: float
