"""Figures equal their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train import metrics

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@settings(deadline=None)
@given(SCORED)
def test_the_area_is_the_chance_that_a_sick_film_scores_higher(rows: list[tuple[bool, int]]) -> None:
    sick = [score for label, score in rows if label]
    well = [score for label, score in rows if not label]
    expected = np.mean([(s > w) + 0.5 * (s == w) for s in sick for w in well])

    assert metrics.auroc([label for label, _ in rows], [score for _, score in rows]) == pytest.approx(
        expected
    )


def test_one_class_alone_has_no_area() -> None:
    assert np.isnan(metrics.auroc([1, 1], [0.2, 0.4]))


def test_overlap_leaves_uncounted_pixels_out_and_never_skips_an_empty_prediction() -> None:
    found, lung = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    everywhere, first_two = np.ones(4, bool), np.array([1, 1, 0, 0], bool)

    assert metrics.intersection_over_union(found, lung, everywhere) == pytest.approx(1 / 3)
    assert metrics.intersection_over_union(found, lung, first_two) == pytest.approx(1 / 2)
    assert metrics.intersection_over_union(np.zeros(4, bool), lung, everywhere) == 0.0
    assert metrics.intersection_over_union(np.zeros(4, bool), np.zeros(4, bool), everywhere) == 1.0


def test_the_temperature_undoes_overconfidence() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 20_000)
    labels = rng.random(20_000) < 1 / (1 + np.exp(-logits))

    assert metrics.fit_temperature(3 * logits, labels) == pytest.approx(3, rel=0.06)
    probabilities = 1 / (1 + np.exp(-logits))
    assert metrics.expected_calibration_error(labels, probabilities) < 0.02
    assert metrics.expected_calibration_error(labels, probabilities**4) > 0.1


@settings(deadline=None)
@given(SCORED)
def test_no_threshold_beats_youdens(rows: list[tuple[bool, int]]) -> None:
    labels, scores = [float(label) for label, _ in rows], [score / 6 for _, score in rows]
    best = sum(metrics.sensitivity_specificity(labels, scores, metrics.youden_threshold(labels, scores)))

    assert all(
        sum(metrics.sensitivity_specificity(labels, scores, cut)) <= best + 1e-9
        for cut in np.linspace(0, 1.1, 45)
    )


def test_the_interval_holds_the_area() -> None:
    rng = np.random.default_rng(1)
    labels = rng.random(200) < 0.5
    scores = labels + rng.normal(0, 1, 200)

    low, high = metrics.auroc_interval(labels, scores, draws=200)
    assert low < metrics.auroc(labels, scores) < high
    assert high - low < 0.2
