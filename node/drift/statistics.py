"""Whether films of a window are unlike those of the reference, with false alarms under control.

Each feature is tested alone: numbers by Kolmogorov and Smirnov's two-sample test; words by a permutation
test, which holds for any number of words however rare they are: how often are as many films, drawn by lot
from window and reference together, as far from the others? The lots are the same every time. Over the
features of one window Holm's method keeps the chance of any false alarm below the level, however the features
depend on each other. An alarm must be large as well as certain: with many films every trifle is certain.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

_SEED = 1
_DRAWS_AT_ONCE = 1_000
_MOST_DRAWS = 1_000_000
_LEAST_LEVEL = 1e-6
_ENOUGH = 100
"""Draws as far apart as the window, by which p is known well enough."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Limits:
    """When a change counts.

    Attributes
    ----------
    level
        Chance of any alarm in a window without change.
    least_films
        In window and reference each.
    least_effect
        Of the largest distance between both distributions, in [0, 1].
    """

    level: float = 0.01
    least_films: int = 20
    least_effect: float = 0.2


@dataclass(frozen=True, slots=True)
class Change:
    """One feature of one window against the reference.

    Attributes
    ----------
    effect
        Largest distance of the cumulative distributions, or total variation distance of words; in [0, 1].
    p
        Holm-adjusted over the window's features.
    before, now
        Median, or the most frequent word.
    """

    feature: str
    films: int
    effect: float
    p: float
    before: str
    now: str
    is_alarm: bool


Sample = Sequence[float] | Sequence[str]


def changes(reference: Mapping[str, Sample], window: Mapping[str, Sample], limits: Limits) -> list[Change]:
    """Test every feature that both have in enough films, the surest change first."""
    features = [
        feature
        for feature in sorted(reference.keys() & window.keys())
        if min(len(reference[feature]), len(window[feature])) >= limits.least_films
    ]
    draws = _draws_for(len(features), limits.level)
    tested = [(feature, *_test(reference[feature], window[feature], draws)) for feature in features]
    adjusted = holm([p for _, _, p in tested])
    found = [
        Change(
            feature=feature,
            films=len(window[feature]),
            effect=effect,
            p=p,
            before=_typical(reference[feature]),
            now=_typical(window[feature]),
            is_alarm=p <= limits.level and effect >= limits.least_effect,
        )
        for (feature, effect, _), p in zip(tested, adjusted, strict=True)
    ]
    return sorted(found, key=lambda change: (change.p, -change.effect, change.feature))


def holm(values: Sequence[float]) -> list[float]:
    """Adjust p values so that the chance of any false alarm is kept (Holm, Scand. J. Statist. 1979;6:65)."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = largest
    return adjusted


def _test(before: Sample, now: Sample, draws: int) -> tuple[float, float]:
    """Give effect and p value."""
    if all(isinstance(value, str) for value in (*before, *now)):
        return _test_words([str(value) for value in before], [str(value) for value in now], draws)
    from scipy.stats import ks_2samp

    result = ks_2samp([float(value) for value in before], [float(value) for value in now])
    return float(result.statistic), float(result.pvalue)


def _test_words(before: Sequence[str], now: Sequence[str], draws: int) -> tuple[float, float]:
    counts = [Counter(before), Counter(now)]
    words = sorted(counts[0].keys() | counts[1].keys())
    seen = np.array([counts[1][word] for word in words])
    total = seen + [counts[0][word] for word in words]
    effect = float(_distance(seen, total))
    rng, drawn, as_far = np.random.default_rng(_SEED), 0, 0
    while drawn < draws and as_far < _ENOUGH:
        lots = rng.multivariate_hypergeometric(total, len(now), size=_DRAWS_AT_ONCE, method="count")
        as_far += int(np.count_nonzero(_distance(lots, total) >= effect - _ROUNDING))
        drawn += _DRAWS_AT_ONCE
    return effect, (as_far + 1) / (drawn + 1)


def _distance(window: NDArray[np.int_], total: NDArray[np.int_]) -> NDArray[np.float64]:
    """Total variation distance between films of a window, counted by word, and all other films."""
    others = total - window
    shares = window / window.sum(axis=-1, keepdims=True), others / others.sum(axis=-1, keepdims=True)
    distance: NDArray[np.float64] = 0.5 * np.abs(shares[0] - shares[1]).sum(axis=-1)
    return distance


def _draws_for(features: int, level: float) -> int:
    """Give how many draws make the least p a tenth of the least that Holm's method asks for."""
    return ceil(min(_MOST_DRAWS, 10 * features / max(level, _LEAST_LEVEL)))


def _typical(sample: Sample) -> str:
    if all(isinstance(value, str) for value in sample):
        (word, count), *_ = Counter(str(value) for value in sample).most_common(1)
        return f"{word} ({100 * count / len(sample):.0f} %)"
    ordered = sorted(float(value) for value in sample)
    return f"{ordered[len(ordered) // 2]:.4g}"
