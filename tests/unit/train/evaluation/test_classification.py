"""Figures at thresholds equal scikit-learn's; no threshold is better than the one chosen."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from train.evaluation.classification import (
    Counts,
    classification_figures,
    count,
    derived,
    predictive_values,
    proportions,
)
from train.evaluation.thresholds import (
    OperatingPoint,
    choose_points,
    sensitive_threshold,
    sensitivity_specificity,
    specific_threshold,
    youden_threshold,
)

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=4, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)
CALLED = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=50).filter(
    lambda rows: len({answer for row in rows for answer in row}) == 2
)


def columns(rows: list[tuple[bool, int]]) -> tuple[list[bool], list[float]]:
    return [label for label, _ in rows], [score / 12 for _, score in rows]


@settings(deadline=None)
@given(CALLED)
def test_figures_at_a_threshold_are_scikit_learns(rows: list[tuple[bool, bool]]) -> None:
    truth, called = np.array(rows).T
    counts = count(truth, called)
    shares, further = proportions(counts), derived(counts)

    def same(found: float, expected: float) -> None:
        assert math.isnan(found) or found == pytest.approx(expected)

    assert shares["accuracy"].value == pytest.approx(metrics.accuracy_score(truth, called))
    same(shares["sensitivity"].value, metrics.recall_score(truth, called, zero_division=0))
    same(shares["specificity"].value, metrics.recall_score(~truth, ~called, zero_division=0))
    same(shares["ppv"].value, metrics.precision_score(truth, called, zero_division=0))
    same(shares["npv"].value, metrics.precision_score(~truth, ~called, zero_division=0))
    same(further["f1"], metrics.f1_score(truth, called, zero_division=0))
    same(further["mcc"], metrics.matthews_corrcoef(truth, called))
    both = truth.any() and not truth.all()
    assert math.isnan(further["balanced_accuracy"]) != both
    if both:
        same(further["balanced_accuracy"], metrics.balanced_accuracy_score(truth, called))


@settings(deadline=None)
@given(CALLED)
def test_predictive_values_at_the_films_own_prevalence_are_their_own(rows: list[tuple[bool, bool]]) -> None:
    truth, called = np.array(rows).T
    counts = count(truth, called)
    if truth.all() or not truth.any():
        return
    ppv, npv = predictive_values(counts, float(truth.mean()))
    shares = proportions(counts)

    assert ppv.value == pytest.approx(shares["ppv"].value, nan_ok=True)
    assert npv.value == pytest.approx(shares["npv"].value, nan_ok=True)
    for one in (ppv, npv):
        assert 0 < one.low < one.high < 1 or one.value in (0, 1) or np.isnan(one.value)


def test_predictive_values_by_bayes_rule() -> None:
    ppv, npv = predictive_values(Counts(90, 20, 10, 80), 0.07)

    assert (ppv.value, npv.value) == pytest.approx((0.063 / 0.249, 0.744 / 0.751))


def test_predictive_values_of_a_perfect_judgement_are_not_certain() -> None:
    ppv, npv = predictive_values(Counts(30, 0, 0, 30), 0.07)

    assert (ppv.value, ppv.high, npv.value) == (1, 1, 1)
    assert ppv.low < 0.6
    assert npv.low < 0.999


def test_intervals_of_predictive_values_hold_them_as_often_as_they_say() -> None:
    rng = np.random.default_rng(9)
    truth, held, runs = 0.9 * 0.07 / (0.9 * 0.07 + 0.2 * 0.93), 0, 800
    for _ in range(runs):
        hit, clear = int(rng.binomial(60, 0.9)), int(rng.binomial(60, 0.8))
        found, _ = predictive_values(Counts(hit, 60 - clear, 60 - hit, clear), 0.07)
        held += found.low <= truth <= found.high

    assert 0.93 <= held / runs <= 0.98


@settings(deadline=None)
@given(SCORED)
def test_no_threshold_beats_youdens(rows: list[tuple[bool, int]]) -> None:
    labels, scores = columns(rows)
    best = sum(sensitivity_specificity(labels, scores, youden_threshold(labels, scores)))

    assert all(
        sum(sensitivity_specificity(labels, scores, cut)) <= best + 1e-9 for cut in np.linspace(0, 1.1, 91)
    )


@settings(deadline=None)
@given(SCORED)
def test_frozen_points_keep_their_promise_and_no_better_one_does(rows: list[tuple[bool, int]]) -> None:
    labels, scores = columns(rows)
    sensitive, specific = sensitive_threshold(labels, scores), specific_threshold(labels, scores)

    assert sensitivity_specificity(labels, scores, sensitive)[0] >= 0.95
    assert sensitivity_specificity(labels, scores, specific)[1] >= 0.95
    promised_sensitive = sensitivity_specificity(labels, scores, sensitive)[1]
    promised_specific = sensitivity_specificity(labels, scores, specific)[0]
    for cut in np.linspace(0, 1.1, 91):
        sensitivity, specificity = sensitivity_specificity(labels, scores, cut)
        assert sensitivity < 0.95 or specificity <= promised_sensitive + 1e-9
        assert specificity < 0.95 or sensitivity <= promised_specific + 1e-9


def test_points_are_chosen_by_name() -> None:
    labels, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.6, 0.5, 0.7, 0.9]
    points = {point.name: point.threshold for point in choose_points(labels, scores)}

    assert points == pytest.approx({"Youden": 0.35, "sensitivity ≥ 0.95": 0.35, "specificity ≥ 0.95": 0.65})


def test_all_figures_of_a_set_of_films() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(120) < 0.5
    scores = np.clip(0.5 + 0.2 * rng.normal(0, 1, 120) + 0.3 * (labels - 0.5), 0, 1)
    patients = [f"p{i // 2}" for i in range(120)]

    figures = classification_figures(
        labels, scores, patients, [OperatingPoint("half", 0.5, "fixed")], repeats=200
    )

    assert (figures.films, figures.patients, figures.positives) == (120, 60, int(labels.sum()))
    assert figures.auroc.value == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert figures.auroc.low < figures.auroc.value < figures.auroc.high
    assert figures.auprc.low < figures.auprc.value < figures.auprc.high
    (point,) = figures.points
    for interval in (*point.proportions.values(), *point.derived.values(), *point.at_prevalence.values()):
        assert interval.low <= interval.value <= interval.high
    assert point.at_prevalence["ppv_at_7%"].value < point.at_prevalence["ppv_at_54%"].value
