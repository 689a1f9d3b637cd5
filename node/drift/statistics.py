"""Whether films of a window are unlike those of the reference, with false alarms under control.

Each feature is tested alone: numbers by Kolmogorov and Smirnov's two-sample test, words by Pearson's
chi-square test. Over the features of one window Holm's method keeps the chance of any false alarm below the
level, however the features depend on each other. An alarm must be large as well as certain: with many films
every trifle is certain.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LEAST_EXPECTED = 5.0


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
    tested = []
    for feature in sorted(reference.keys() & window.keys()):
        before, now = reference[feature], window[feature]
        if min(len(before), len(now)) >= limits.least_films:
            tested.append((feature, *_test(before, now)))
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


def _test(before: Sample, now: Sample) -> tuple[float, float]:
    """Give effect and p value."""
    if all(isinstance(value, str) for value in (*before, *now)):
        return _test_words([str(value) for value in before], [str(value) for value in now])
    from scipy.stats import ks_2samp

    result = ks_2samp([float(value) for value in before], [float(value) for value in now])
    return float(result.statistic), float(result.pvalue)


def _test_words(before: Sequence[str], now: Sequence[str]) -> tuple[float, float]:
    from scipy.stats import chi2_contingency

    counts = [Counter(before), Counter(now)]
    words = sorted(counts[0].keys() | counts[1].keys())
    effect = 0.5 * sum(abs(counts[0][word] / len(before) - counts[1][word] / len(now)) for word in words)
    share = len(now) / (len(before) + len(now))
    often = [
        word
        for word in words
        if (counts[0][word] + counts[1][word]) * min(share, 1 - share) >= _LEAST_EXPECTED
    ]
    rows = [[count[word] for word in often] for count in counts]
    for row, total in zip(rows, (len(before), len(now)), strict=True):
        row.append(total - sum(row))
    kept = [i for i in range(len(rows[0])) if rows[0][i] + rows[1][i]]
    if len(kept) < 2:
        return effect, 1.0
    return effect, float(chi2_contingency([[row[i] for i in kept] for row in rows]).pvalue)


def _typical(sample: Sample) -> str:
    if all(isinstance(value, str) for value in sample):
        (word, count), *_ = Counter(str(value) for value in sample).most_common(1)
        return f"{word} ({100 * count / len(sample):.0f} %)"
    ordered = sorted(float(value) for value in sample)
    return f"{ordered[len(ordered) // 2]:.4g}"
