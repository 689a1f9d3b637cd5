"""Calibration equals its definitions and independent libraries'."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss

from train.evaluation.calibration import (
    calibration_figures,
    calibration_line,
    expected_calibration_error,
    fit_platt,
    fit_temperature,
    negative_log_likelihood,
    reliability,
    to_logits,
    to_probabilities,
)
from train.evaluation.serving_point import ServingPoint, fit_serving_point
from train.evaluation.statistics.logistic import fit_logistic, logistic_score

SEEDS = st.integers(0, 10_000)


def drawn(seed: int, films: int = 300, stretch: float = 1.0) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Labels that come true as often as the logits divided by ``stretch`` say, and the logits."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.3, 2, films)
    return rng.random(films) < to_probabilities(logits), logits * stretch


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_losses_are_those_of_scikit_learn(seed: int) -> None:
    labels, logits = drawn(seed)
    figures = calibration_figures(labels, to_probabilities(logits), range(len(labels)), repeats=2)

    assert figures.nll.value == pytest.approx(log_loss(labels, to_probabilities(logits)))
    assert figures.brier.value == pytest.approx(brier_score_loss(labels, to_probabilities(logits)))
    share = labels.mean()
    together = share * figures.brier_positive.value + (1 - share) * figures.brier_negative.value
    assert together == pytest.approx(figures.brier.value)


@settings(deadline=None, max_examples=20)
@given(SEEDS, st.floats(0.5, 3))
def test_the_calibration_line_is_that_of_statsmodels(seed: int, stretch: float) -> None:
    labels, logits = drawn(seed, stretch=stretch)
    slope, intercept = calibration_line(labels, logits)

    line = sm.GLM(labels.astype(float), sm.add_constant(logits), family=sm.families.Binomial()).fit()
    level = sm.GLM(
        labels.astype(float), np.ones(len(labels)), family=sm.families.Binomial(), offset=logits
    ).fit()
    assert slope == pytest.approx(line.params[1], abs=1e-5)
    assert intercept == pytest.approx(level.params[0], abs=1e-5)


def test_regression_is_that_of_scikit_learn_and_separable_classes_have_an_answer() -> None:
    rng = np.random.default_rng(2)
    features = rng.normal(0, 1, (400, 2))
    labels = rng.random(400) < to_probabilities(features @ [1.5, -1] - 0.5)
    other = LogisticRegression(C=np.inf, tol=1e-10).fit(features, labels)
    found = fit_logistic(features, labels)

    assert found == pytest.approx([other.intercept_[0], *other.coef_[0]], abs=1e-3)
    assert logistic_score(features, found) == pytest.approx(other.decision_function(features), abs=1e-2)
    separable = fit_logistic([[-2.0], [-1.0], [1.0], [2.0]], [0, 0, 1, 1])
    assert np.isfinite(separable).all()
    assert separable[1] > 5


def test_the_temperature_undoes_overconfidence_and_keeps_the_order() -> None:
    labels, logits = drawn(0, films=20_000, stretch=3)
    temperature = fit_temperature(logits, labels)

    assert temperature == pytest.approx(3, rel=0.06)
    assert expected_calibration_error(labels, to_probabilities(logits, temperature)) < 0.02
    assert expected_calibration_error(labels, to_probabilities(logits)) > 0.05
    assert calibration_line(labels, logits)[0] == pytest.approx(1 / 3, rel=0.06)


@settings(deadline=None, max_examples=20)
@given(SEEDS)
def test_no_other_temperature_is_likelier(seed: int) -> None:
    labels, logits = drawn(seed, stretch=2)
    truth, best = labels.astype(float), fit_temperature(logits, labels)

    least = negative_log_likelihood(logits / best, truth)
    assert all(
        negative_log_likelihood(logits / other, truth) >= least - 1e-9 for other in np.geomspace(0.06, 19, 60)
    )


def test_the_calibration_error_by_hand() -> None:
    probabilities, labels = [0.1, 0.1, 0.4, 0.4, 0.8, 0.8], [0, 1, 0, 1, 1, 1]

    assert expected_calibration_error(labels, probabilities, bins=3) == pytest.approx((0.4 + 0.1 + 0.2) / 3)
    points = reliability(labels, probabilities, bins=3)
    assert [point.frequency.value for point in points] == [0.5, 0.5, 1.0]
    assert [point.mean_probability for point in points] == pytest.approx([0.1, 0.4, 0.8])


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=50))
def test_the_calibration_error_is_bounded_and_bins_hold_every_film(rows: list[tuple[bool, float]]) -> None:
    labels, probabilities = [label for label, _ in rows], [value for _, value in rows]
    points = reliability(labels, probabilities)

    assert 0 <= expected_calibration_error(labels, probabilities) <= 1
    assert sum(point.films for point in points) == len(rows)
    assert max(point.films for point in points) - min(point.films for point in points) <= 1


@given(st.floats(-13, 13))
def test_logits_and_probabilities_go_there_and_back(logit: float) -> None:
    assert float(to_logits(to_probabilities(logit))) == pytest.approx(logit, abs=1e-6)
    assert math.isfinite(float(to_logits(0.0)))


def test_one_class_alone_has_no_line() -> None:
    assert all(math.isnan(value) for value in calibration_line([1, 1], [0.2, 0.4]))


@pytest.mark.parametrize(("temperature", "bias"), [(2.0, -1.5), (0.5, 1.0), (1.0, 0.0)])
def test_platt_scaling_finds_the_temperature_and_the_bias(temperature: float, bias: float) -> None:
    rng = np.random.default_rng(3)
    right = rng.normal(0, 2, 20_000)
    labels = rng.random(len(right)) < to_probabilities(right)
    found = fit_platt((right - bias) * temperature, labels)
    assert found == pytest.approx((temperature, bias), abs=0.08)


@settings(max_examples=25)
@given(st.integers(0, 1000))
def test_platt_scaling_is_never_worse_than_a_temperature_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits, labels = rng.normal(0, 3, 40), rng.random(40) < 0.5
    truth, (temperature, bias) = labels.astype(float), fit_platt(logits, labels)
    alone = negative_log_likelihood(logits / fit_temperature(logits, labels), truth)
    assert negative_log_likelihood(logits / temperature + bias, truth) <= alone + 1e-5


def test_a_serving_point_keeps_the_order_and_cuts_where_it_was_fitted() -> None:
    rng = np.random.default_rng(5)
    labels = rng.random(400) < 0.5
    logits = 4.0 * labels + rng.normal(-4, 2, 400)
    point = fit_serving_point(logits, labels)
    values = point.probabilities(logits)
    assert np.array_equal(np.argsort(values, kind="stable"), np.argsort(logits, kind="stable"))
    assert 0.05 <= point.threshold <= 0.95
    assert np.mean((values >= point.threshold) == labels) > 0.8
    assert values.mean() == pytest.approx(labels.mean(), abs=0.01)


def test_unfitted_the_point_is_the_papers() -> None:
    assert ServingPoint() == ServingPoint(1.0, 0.0, 0.5)
    assert ServingPoint().probabilities([0.0])[0] == 0.5
