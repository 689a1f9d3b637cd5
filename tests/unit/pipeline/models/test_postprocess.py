"""Lung probabilities become masks by the paper's rules, or by the recommended ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, label, median_filter

from pipeline import postprocess
from pipeline.bundle.manifest import PostProcessing

PAPER = PostProcessing(profile="paper")
RECOMMENDED = PostProcessing()
PROBABILITIES = arrays(np.float32, (40, 40), elements=st.floats(0, 1, width=16))


def _lungs(size: int = 128, *, height: int = 60) -> NDArray[np.float32]:
    probability = np.full((size, size), 0.02, np.float32)
    probability[30 : 30 + height, 25:50] = 0.97
    probability[30 : 30 + height, 75:100] = 0.97
    return probability


@settings(max_examples=50, deadline=None)
@given(PROBABILITIES)
def test_the_papers_mask_is_a_median_filter_of_the_thresholded_prediction(p: NDArray[np.float32]) -> None:
    expected = median_filter((p >= 0.5).astype(np.uint8), size=5, mode="nearest") > 0

    assert np.array_equal(postprocess.paper_mask(p, PAPER), expected)


@pytest.mark.parametrize("size", [256, 512, 1024, 1000])
def test_areas_are_counted_on_the_canonical_grid_whatever_the_networks_grid(size: int) -> None:
    mask = np.zeros((size, size), bool)
    mask[: size // 4] = True

    assert postprocess.canonical_area(mask, PAPER) == pytest.approx(1024 * 256, rel=0.005)


def test_the_papers_area_limit_itself_still_calls_for_rotations() -> None:
    settings_at = PostProcessing(profile="paper", rotation_area=1024 * 256)
    probability = np.zeros((512, 512), np.float32)
    probability[:128] = 0.9

    assert postprocess.paper_needs_rotations(probability, settings_at)
    probability[128, 0] = 0.9
    assert not postprocess.paper_needs_rotations(probability, settings_at)


def test_rotations_are_turned_back_and_averaged_without_the_original() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((32, 32), np.float32)

    averaged = postprocess.average_rotations(np.rot90(truth, 1), np.rot90(truth, -1) * 0.5)

    assert np.allclose(averaged, truth * 0.75)


@settings(max_examples=50, deadline=None)
@given(PROBABILITIES)
def test_the_recommended_mask_never_has_more_lungs_than_a_baby(p: NDArray[np.float32]) -> None:
    filled = binary_fill_holes(p >= 0.5)
    kept = postprocess.keep_largest(filled, RECOMMENDED)

    assert label(kept)[1] <= 2
    assert not (kept & ~filled).any()


def test_a_hole_in_a_lung_is_filled_and_a_speck_beside_it_is_dropped() -> None:
    probability = _lungs()
    probability[50:56, 32:38] = 0.1
    probability[110:116, 110:116] = 0.9

    mask = postprocess.recommended_mask(probability, RECOMMENDED)

    assert mask[52, 35]
    assert not mask[112, 112]
    assert label(mask)[1] == 2


def test_a_film_without_lungs_has_an_empty_mask() -> None:
    nothing = np.zeros((64, 64), np.float32)

    assert not postprocess.recommended_mask(nothing, RECOMMENDED).any()
    assert not postprocess.paper_mask(nothing, PAPER).any()
    assert postprocess.confidence_inside(nothing, nothing > 0) == 0.0
    assert postprocess.plausibility(nothing > 0, RECOMMENDED) == 0.0


@settings(max_examples=50, deadline=None)
@given(PROBABILITIES, arrays(np.bool_, (40, 40)))
def test_enforced_probabilities_say_exactly_what_the_mask_says(
    p: NDArray[np.float32], mask: NDArray[np.bool_]
) -> None:
    enforced = postprocess.enforce(p, mask, RECOMMENDED)

    assert np.array_equal(enforced >= RECOMMENDED.threshold, mask)
    agreed = (p >= RECOMMENDED.threshold) == mask
    assert np.array_equal(enforced[agreed], p[agreed])


def test_two_lungs_are_more_plausible_than_one_or_a_scrap() -> None:
    both = _lungs() >= 0.5
    one, scrap = both.copy(), np.zeros_like(both)
    one[:, 64:] = False
    scrap[60:64, 60:64] = True

    plausible = [postprocess.plausibility(mask, RECOMMENDED) for mask in (both, one, scrap)]

    assert plausible[0] == 1.0
    assert plausible[0] > plausible[1] > plausible[2] > 0
