"""Abstention: the curve, the node's answers, and prediction sets that cover what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.train.evaluation.made_up import made_results
from train.evaluation.calibration import to_probabilities
from train.evaluation.selective import (
    conformal_cut,
    conformal_figures,
    risk_area,
    risk_coverage,
    selective_figures,
)

JUDGED = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=1, max_size=40)


@settings(deadline=None)
@given(JUDGED)
def test_the_curve_ends_with_every_film_and_the_whole_error(rows: list[tuple[bool, int]]) -> None:
    wrong, certainty = np.array(rows).T
    coverage, risk = risk_coverage(wrong, certainty)

    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx(np.mean(wrong))
    assert (np.diff(coverage) > 0).all()
    for level, part in zip(coverage, risk, strict=True):
        judged = certainty >= np.sort(certainty)[::-1][round(level * len(rows)) - 1]
        assert part == pytest.approx(wrong[judged].mean())
    assert 0 <= risk_area(coverage, risk) <= 1


@settings(deadline=None)
@given(JUDGED)
def test_only_the_order_of_certainty_counts(rows: list[tuple[bool, int]]) -> None:
    wrong, certainty = np.array(rows).T
    plain, stretched = risk_coverage(wrong, certainty), risk_coverage(wrong, np.exp(certainty) - 7)

    assert np.array_equal(plain, stretched)


def test_a_certainty_that_knows_its_errors_has_the_least_area() -> None:
    wrong = np.array([0, 0, 0, 1])

    assert risk_area(*risk_coverage(wrong, [4, 3, 2, 1])) == pytest.approx(1 / 16)
    assert risk_area(*risk_coverage(wrong, [1, 2, 3, 4])) > 0.5


def test_the_nodes_answers_are_counted() -> None:
    figures = selective_figures(made_results(80), threshold=0.5, repeats=50)

    assert figures.films == 80
    assert figures.judged.value == 0.9
    assert figures.reasons == {"not assessable: lung area": 8}
    assert figures.curve.risk[-1] == pytest.approx(figures.error_of_all.value)
    judged, turned_away = figures.error_of_judged.value, figures.error_of_turned_away.value
    assert 0.9 * judged + 0.1 * turned_away == pytest.approx(figures.error_of_all.value)
    assert figures.reported.value > figures.falsely_reported.value


def test_prediction_sets_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(10)
    covered = []
    for _ in range(200):
        logits = rng.normal(0, 1, 240)
        labels = rng.random(240) < to_probabilities(logits)
        values = to_probabilities(3 * logits)  # overconfident, which the cut must make good
        cut = conformal_cut(labels[:120], values[:120])
        covered.append(conformal_figures(labels[120:], values[120:], cut).covered.value)

    assert 0.895 <= np.mean(covered) <= 0.93


def test_the_cut_is_the_kth_least_probability_of_the_truth() -> None:
    assert conformal_cut([1] * 9 + [0] * 10, [*np.linspace(0.1, 0.9, 9), *[0.05] * 10]) == pytest.approx(0.2)
    assert conformal_cut([1, 0], [0.9, 0.1]) == 0.0
    sets = conformal_figures([1, 0, 1], [0.9, 0.4, 0.3], cut=0.35)
    assert (sets.single.value, sets.covered.value) == pytest.approx((2 / 3, 2 / 3))
