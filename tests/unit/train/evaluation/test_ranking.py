"""Areas under curves equal their definitions and an independent library's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from train.evaluation.statistics.ranking import auroc, average_precision, roc_curve

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def columns(rows: list[tuple[bool, int]]) -> tuple[list[bool], list[float]]:
    return [label for label, _ in rows], [score / 6 for _, score in rows]


@settings(deadline=None)
@given(SCORED)
def test_the_areas_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    labels, scores = columns(rows)

    assert auroc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))


@settings(deadline=None)
@given(SCORED)
def test_the_curve_is_scikit_learns_and_its_area_the_area(rows: list[tuple[bool, int]]) -> None:
    labels, scores = columns(rows)
    false, true = roc_curve(labels, scores)
    expected = sklearn_roc_curve(labels, scores, drop_intermediate=False)

    assert np.allclose(false, expected[0])
    assert np.allclose(true, expected[1])
    assert np.trapezoid(true, false) == pytest.approx(auroc(labels, scores))


@settings(deadline=None)
@given(SCORED)
def test_only_the_order_of_scores_counts(rows: list[tuple[bool, int]]) -> None:
    labels, scores = columns(rows)
    stretched = np.exp(5 * np.asarray(scores)) - 3

    assert auroc(labels, stretched) == pytest.approx(auroc(labels, scores))
    assert average_precision(labels, stretched) == pytest.approx(average_precision(labels, scores))
    assert auroc(labels, -np.asarray(scores)) == pytest.approx(1 - auroc(labels, scores))


def test_one_class_alone_has_no_area() -> None:
    assert np.isnan(auroc([1, 1], [0.2, 0.4]))
    assert np.isnan(average_precision([0, 0], [0.2, 0.4]))
