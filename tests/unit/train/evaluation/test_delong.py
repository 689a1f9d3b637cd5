"""DeLong's variance equals its definition by pairs, and its intervals hold the truth as often as they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from train.evaluation.statistics.delong import areas_and_covariance, auroc_interval, compare_auroc
from train.evaluation.statistics.ranking import auroc

SCORED = st.lists(
    st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 9)), min_size=6, max_size=40
).filter(lambda rows: 2 <= sum(label for label, _, _ in rows) <= len(rows) - 2)
Columns = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]


def columns(rows: list[tuple[bool, int, int]]) -> Columns:
    table = np.array(rows, float)
    return table[:, 0] > 0.5, table[:, 1], table[:, 2]


def covariance_by_pairs(labels: NDArray[np.bool_], scores: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """As DeLong, DeLong and Clarke-Pearson write it: the kernel of every pair, and its means."""
    kernels = []
    for values in scores:
        gap = values[labels][:, None] - values[~labels][None]
        kernels.append((gap > 0) + 0.5 * (gap == 0))
    of_positives = np.array([kernel.mean(axis=1) for kernel in kernels])
    of_negatives = np.array([kernel.mean(axis=0) for kernel in kernels])
    return np.asarray(
        np.cov(of_positives) / of_positives.shape[1] + np.cov(of_negatives) / of_negatives.shape[1]
    )


@settings(deadline=None)
@given(SCORED)
def test_the_covariance_is_that_of_the_definition(rows: list[tuple[bool, int, int]]) -> None:
    labels, a, b = columns(rows)
    areas, covariance = areas_and_covariance(labels, [a, b])

    assert areas == pytest.approx([auroc(labels, a), auroc(labels, b)])
    assert np.allclose(covariance, covariance_by_pairs(labels, [a, b]))


def test_a_small_example_by_hand() -> None:
    labels, scores = [1, 1, 1, 0, 0], [3.0, 2.0, 1.0, 0.0, 1.5]
    # 3 and 2 beat both, 1 beats one of two; 0 is beaten by all, 1.5 by two of three.
    area = 5 / 6
    variance = np.var([1, 1, 0.5], ddof=1) / 3 + np.var([1, 2 / 3], ddof=1) / 2
    reach = norm.ppf(0.975) * math.sqrt(variance) / (area * (1 - area))
    odds = math.log(area / (1 - area))

    found = auroc_interval(labels, scores)

    assert found.value == pytest.approx(area)
    assert found.low == pytest.approx(1 / (1 + math.exp(reach - odds)))
    assert found.high == pytest.approx(1 / (1 + math.exp(-reach - odds)))


@settings(deadline=None)
@given(SCORED)
def test_the_interval_holds_its_value_within_bounds(rows: list[tuple[bool, int, int]]) -> None:
    labels, a, _ = columns(rows)
    found, narrower = auroc_interval(labels, a), auroc_interval(labels, a, level=0.8)

    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.low <= narrower.low <= narrower.high <= found.high
    assert auroc_interval(labels, a**3) == found


@settings(deadline=None)
@given(SCORED)
def test_swapping_the_two_scores_only_turns_the_sign(rows: list[tuple[bool, int, int]]) -> None:
    labels, a, b = columns(rows)
    there, back = compare_auroc(labels, a, b), compare_auroc(labels, b, a)

    assert there.difference == pytest.approx(-back.difference)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p == pytest.approx(back.p, nan_ok=True)
    assert compare_auroc(labels, a, a).p == 1.0


def test_a_perfect_score_of_few_films_is_not_certain() -> None:
    found = auroc_interval([1] * 10 + [0] * 30, np.r_[np.ones(10), np.zeros(30)])

    assert found.value == found.high == 1
    assert found.low == pytest.approx(0.025 ** (1 / 10))
    opposite = compare_auroc([1, 1, 0, 0], [2, 2, 1, 1], [1, 1, 2, 2])
    assert opposite.difference == 1
    assert math.isnan(opposite.p)


def test_one_class_alone_gives_nothing() -> None:
    assert math.isnan(auroc_interval([1, 1], [1, 2]).value)
    assert math.isnan(compare_auroc([0, 0], [1, 2], [2, 1]).p)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    truth, held, runs = norm.cdf(1.5 / math.sqrt(2)), 0, 600
    labels = np.repeat([True, False], 40)
    for _ in range(runs):
        found = auroc_interval(labels, rng.normal(0, 1, 80) + 1.5 * labels)
        held += found.low <= truth <= found.high

    assert 0.93 <= held / runs <= 0.975


def test_two_equally_good_scores_differ_by_chance_as_often_as_p_says() -> None:
    rng = np.random.default_rng(4)
    labels, runs = np.repeat([True, False], 40), 600
    found = []
    for _ in range(runs):
        shared = rng.normal(0, 1, 80) + 1.5 * labels
        found.append(compare_auroc(labels, shared + rng.normal(0, 1, 80), shared + rng.normal(0, 1, 80)))

    assert 0.03 <= np.mean([one.p < 0.05 for one in found]) <= 0.075
    assert 0.925 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.97
