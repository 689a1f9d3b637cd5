"""Wilson's interval and McNemar's test are those of statsmodels, and hold what they promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from train.evaluation.statistics.proportions import mcnemar_exact, wilson

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@settings(deadline=None)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_statsmodels(case: tuple[int, int]) -> None:
    successes, trials = case
    found = wilson(successes, trials)
    low, high = proportion_confint(successes, trials, method="wilson")

    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_interval_of_the_source_papers_accuracy() -> None:
    found = wilson(109, 128)

    assert (round(found.value, 3), round(found.low, 3), round(found.high, 3)) == (0.852, 0.78, 0.903)


def test_nothing_tried_says_nothing() -> None:
    found = wilson(0, 0)

    assert math.isnan(found.value)
    assert (found.low, found.high) == (0, 1)


@settings(deadline=None)
@given(PAIRS)
def test_the_test_is_statsmodels_and_symmetric(pairs: list[tuple[bool, bool]]) -> None:
    a, b = np.array(pairs).T
    table = [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]]
    found, back = mcnemar_exact(a, b), mcnemar_exact(b, a)

    assert found.p == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert (found.low, found.high) == pytest.approx((-back.high, -back.low))
    assert -1 <= found.low <= found.high <= 1


def test_the_interval_of_a_paired_difference_holds_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held, runs = 0, 800
    for _ in range(runs):
        a = rng.random(100) < 0.85
        b = np.where(rng.random(100) < 0.7, a, rng.random(100) < 0.7)
        found = mcnemar_exact(a, b)
        held += found.low <= 0.3 * (0.85 - 0.7) <= found.high

    assert 0.93 <= held / runs <= 0.98
