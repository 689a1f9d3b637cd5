"""Outlines give their mask again when they are filled, with far fewer points than the mask has edges."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from pipeline.results.contours import contours
from tests.support.films import lung_ellipses

Mask = NDArray[np.bool_]


def filled(outlines: list[NDArray[np.float64]], shape: tuple[int, int]) -> Mask:
    """Fill by the even-odd rule: inside is where a ray crosses an odd number of edges."""
    rows, columns = (np.arange(size) + 0.5 for size in shape)
    inside = np.zeros(shape, np.bool_)
    for outline in outlines:
        for (x0, y0), (x1, y1) in pairwise(outline):
            hit = np.flatnonzero((rows >= min(y0, y1)) & (rows < max(y0, y1)))
            if hit.size:
                crossing = x0 + (rows[hit] - y0) * (x1 - x0) / (y1 - y0)
                inside[hit] ^= columns[None, :] < crossing[:, None]
    return inside


def farthest_wrong_pixel(mask: Mask, again: Mask) -> float:
    """Say how far from the mask's edge the filled outline still differs, in pixels."""
    padded, wrong = np.pad(mask, 1), np.pad(mask != again, 1)
    depth = np.where(padded, distance_transform_edt(padded), distance_transform_edt(~padded))
    return float(depth[wrong].max(initial=0))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    blur=st.floats(0.3, 8),
    level=st.floats(-0.1, 0.1),
    rows=st.integers(1, 70),
    columns=st.integers(1, 90),
)
def test_a_filled_outline_is_the_mask_within_a_pixel(
    seed: int, blur: float, level: float, rows: int, columns: int
) -> None:
    mask = gaussian_filter(np.random.default_rng(seed).normal(size=(rows, columns)), blur) > level

    again = filled(contours(mask), mask.shape)

    assert farthest_wrong_pixel(mask, again) <= 1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(1, 40), columns=st.integers(1, 40))
def test_outlines_are_closed_and_inside_the_grid(seed: int, rows: int, columns: int) -> None:
    mask = np.random.default_rng(seed).random((rows, columns)) > 0.5

    for outline in contours(mask):
        assert len(outline) >= 4
        assert np.array_equal(outline[0], outline[-1])
        assert (outline >= 0).all()
        assert (outline <= (columns, rows)).all()


def test_a_lung_of_a_large_film_needs_few_points() -> None:
    lung = lung_ellipses(2500, 2000)
    lung[:, 1000:] = False

    (outline,) = contours(lung)

    assert len(outline) < 600
    assert farthest_wrong_pixel(lung, filled([outline], lung.shape)) <= 1


def test_a_hole_has_an_outline_of_its_own() -> None:
    mask = np.ones((20, 30), np.bool_)
    mask[8:12, 10:20] = False

    outer, hole = contours(mask)

    assert (outer.min(), hole.min()) == (0, pytest.approx(8, abs=0.5))
    assert np.array_equal(filled([outer, hole], mask.shape), mask)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
def test_the_smallest_masks_have_an_outline(shape: tuple[int, int]) -> None:
    mask = np.ones(shape, np.bool_)

    assert np.array_equal(filled(contours(mask), shape), mask)


def test_an_empty_mask_has_none() -> None:
    assert contours(np.zeros((5, 5), np.bool_)) == []


def test_an_outline_never_has_more_points_than_are_allowed() -> None:
    comb = np.zeros((200, 400), np.bool_)
    comb[:100] = True
    comb[:, ::4] = True

    (outline, *_) = contours(comb, most_points=100)

    assert len(outline) <= 100
