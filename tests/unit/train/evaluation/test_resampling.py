"""Patients are drawn whole; bootstrap intervals and signed ranks are those of scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from train.evaluation.statistics.bootstrap import bootstrap_all, patient_bootstrap, patient_draws
from train.evaluation.statistics.paired import wilcoxon_paired

VALUES = st.lists(st.floats(-3, 3, width=16), min_size=2, max_size=30)


def test_films_of_a_patient_are_drawn_together() -> None:
    patients = ["a", "b", "a", "c", "b", "a"]

    for rows in patient_draws(patients, 200, seed=1):
        counts = np.bincount(rows, minlength=6)
        assert counts[0] == counts[2] == counts[5]
        assert counts[1] == counts[4]
        assert counts[0] + counts[1] + counts[3] == 3


def test_the_interval_is_scipys() -> None:
    values = np.random.default_rng(6).gamma(2, 1, 60)
    found = patient_bootstrap(lambda rows: float(values[rows].mean()), range(60), repeats=4000, seed=1)
    other = stats.bootstrap((values,), np.mean, method="percentile", rng=np.random.default_rng(2))

    assert found.value == values.mean()
    assert found.low == pytest.approx(other.confidence_interval.low, abs=0.03)
    assert found.high == pytest.approx(other.confidence_interval.high, abs=0.03)


def test_films_that_repeat_their_patients_add_nothing() -> None:
    values = np.random.default_rng(7).normal(0, 1, 40)
    twice, patients = np.repeat(values, 5), np.repeat(np.arange(40), 5).tolist()
    once = patient_bootstrap(lambda rows: float(values[rows].mean()), range(40), seed=3)
    repeated = patient_bootstrap(lambda rows: float(twice[rows].mean()), patients, seed=3)

    assert repeated.high - repeated.low == pytest.approx(once.high - once.low)


def test_the_same_seed_gives_the_same_interval_and_another_another() -> None:
    values = np.arange(20.0)
    one, same, other = (
        patient_bootstrap(lambda rows: float(values[rows].mean()), range(20), 100, seed) for seed in (1, 1, 2)
    )

    assert one == same
    assert one != other


def test_undefined_draws_are_left_out() -> None:
    named = bootstrap_all(
        lambda rows: {"first": math.nan if rows[0] else 1.0, "never": math.nan}, range(3), 100
    )

    assert (named["first"].low, named["first"].high) == (1.0, 1.0)
    assert math.isnan(named["never"].low)


def test_intervals_of_a_mean_hold_it_as_often_as_they_say() -> None:
    rng = np.random.default_rng(8)
    held, runs = 0, 300
    for run in range(runs):
        values = rng.normal(0, 1, 50)
        found = patient_bootstrap(lambda rows, v=values: float(v[rows].mean()), range(50), 300, run)  # type: ignore[misc]
        held += found.low <= 0 <= found.high

    assert 0.91 <= held / runs <= 0.98


@settings(deadline=None)
@given(VALUES)
def test_signed_ranks_are_scipys_and_symmetric(values: list[float]) -> None:
    a, b = np.array(values), np.zeros(len(values))
    found, back = wilcoxon_paired(a, b, repeats=200), wilcoxon_paired(b, a, repeats=200)

    expected = stats.wilcoxon(a[a != 0]).pvalue if a.any() else 1.0
    assert found.p == pytest.approx(expected) == pytest.approx(back.p)
    assert found.difference == pytest.approx(-back.difference)
    assert (found.low, found.high) == pytest.approx((-back.high, -back.low))


def test_signed_ranks_by_hand() -> None:
    # Six films, all better: two of the 64 sign patterns are as extreme.
    assert wilcoxon_paired([2, 3, 4, 5, 6, 7], [1, 1, 1, 1, 1, 1]).p == pytest.approx(2 / 64)
    assert wilcoxon_paired([1.0, 2.0], [1.0, 2.0]).p == 1
