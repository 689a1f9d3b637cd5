"""Agreement of masks equals other libraries' and closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.spatial.distance import cdist, directed_hausdorff
from sklearn.metrics import f1_score, jaccard_score

from train.evaluation.overlap import intersection_over_union, overlap
from train.evaluation.segmentation import segmentation_figures

MASKS = arrays(np.bool_, (7, 9))


def rectangle(top: int, left: int, rows: int, columns: int, size: int = 40) -> NDArray[np.bool_]:
    mask = np.zeros((size, size), np.bool_)
    mask[top : top + rows, left : left + columns] = True
    return mask


@settings(deadline=None)
@given(MASKS, MASKS)
def test_overlap_is_that_of_scikit_learn(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    one = overlap(found, truth)
    pair = truth.ravel(), found.ravel()

    assert one.iou == pytest.approx(jaccard_score(*pair, zero_division=1))
    assert one.background_iou == pytest.approx(jaccard_score(*pair, pos_label=0, zero_division=1))
    assert one.dice == pytest.approx(f1_score(*pair, zero_division=1))
    assert one.iou == intersection_over_union(found, truth)
    assert one.dice == pytest.approx(2 * one.iou / (1 + one.iou))


@settings(deadline=None)
@given(MASKS, MASKS, st.floats(0.1, 2), st.floats(0.5, 2))
def test_distances_are_those_of_all_pairs_of_outline_pixels(
    found: NDArray[np.bool_], truth: NDArray[np.bool_], width: float, aspect: float
) -> None:
    if not found.any() or not truth.any():
        return
    spacing = (width * aspect, width)
    gaps = cdist(edge_points(found) * spacing, edge_points(truth) * spacing)
    there, back = gaps.min(axis=1), gaps.min(axis=0)
    one = overlap(found, truth, spacing_mm=spacing)

    assert one.hd95_mm == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)))
    assert one.assd_mm == pytest.approx((there.sum() + back.sum()) / (len(there) + len(back)))
    assert one.hd95_mm == pytest.approx(one.hd95_px * width)


def edge_points(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Pixels with a side that faces outwards, one by one."""
    points = [
        (row, column)
        for row, column in np.argwhere(mask)
        if not all(
            0 <= r < mask.shape[0] and 0 <= c < mask.shape[1] and mask[r, c]
            for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
        )
    ]
    return np.array(points, float)


@settings(deadline=None)
@given(MASKS, MASKS)
def test_swapping_the_masks_changes_nothing_but_the_errors_names(
    found: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> None:
    one, other = overlap(found, truth, spacing_mm=(0.5, 0.5)), overlap(truth, found, spacing_mm=(0.5, 0.5))

    for name in ("iou", "background_iou", "dice", "hd95_mm", "assd_mm", "surface_dice_2mm"):
        assert getattr(one, name) == pytest.approx(getattr(other, name))
    assert (one.false_positive, one.false_negative) == (other.false_negative, other.false_positive)
    assert 0 <= one.surface_dice_2mm <= 1
    assert one.assd_px <= math.hypot(*truth.shape)


def test_a_shifted_square_has_the_distances_of_its_shift() -> None:
    one = overlap(rectangle(10, 10, 10, 10), rectangle(10, 13, 10, 10), spacing_mm=(0.2, 0.2))

    assert one.iou == pytest.approx(70 / 130)
    assert one.hd95_mm == pytest.approx(0.6)
    assert one.surface_dice_2mm == 1
    far = overlap(rectangle(2, 2, 4, 4), rectangle(2, 32, 4, 4), spacing_mm=(0.2, 0.2))
    assert far.surface_dice_2mm == 0
    points = [np.argwhere(rectangle(2, left, 4, 4)) * 0.2 for left in (2, 32)]
    assert far.hd95_mm <= directed_hausdorff(*points)[0] + 1e-9


def test_an_empty_prediction_scores_nothing_and_is_as_far_off_as_can_be() -> None:
    truth, nothing = rectangle(5, 5, 9, 9), np.zeros((40, 40), np.bool_)
    one, both = overlap(nothing, truth, spacing_mm=(0.3, 0.4)), overlap(nothing, nothing)

    assert (one.iou, one.dice, one.surface_dice_2mm) == (0, 0, 0)
    assert one.hd95_mm == pytest.approx(math.hypot(40 * 0.3, 40 * 0.4))
    assert (both.iou, both.dice, both.hd95_px) == (1, 1, 0)
    assert math.isnan(both.hd95_mm)


def test_what_is_not_to_be_counted_changes_nothing() -> None:
    truth, counted = rectangle(5, 5, 20, 20), ~rectangle(5, 5, 6, 20)
    found = truth & counted

    one = overlap(found, truth, counted)

    assert (one.iou, one.dice, one.hd95_px) == (1, 1, 0)
    assert overlap(found, truth).iou < 1


def test_figures_of_many_films_by_hand() -> None:
    truth = rectangle(0, 0, 10, 10, size=10)
    half, nothing = rectangle(0, 0, 5, 10, size=10), np.zeros((10, 10), np.bool_)
    overlaps = [overlap(found, truth) for found in (truth, half, nothing)]

    figures = segmentation_figures(overlaps, ["a", "b", "c"], repeats=50)

    assert figures.miou_fg_image.value == pytest.approx(0.5)
    assert figures.iou_fg_pooled.value == pytest.approx(150 / 300)
    assert figures.dice_mean.value == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert figures.below_half.value == pytest.approx(1 / 3)
    assert figures.iou_median.value == pytest.approx(0.5)
    assert figures.miou_2class_image.value == pytest.approx((1 + 0.25 + 0) / 3)
    assert figures.films_with_spacing == 0
    assert {name.rsplit("_", 1)[0] for name in figures.distances} == {"hd95_px", "assd_px"}
