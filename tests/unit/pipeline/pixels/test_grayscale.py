from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from pipeline.pixels.description import describe_pixels
from pipeline.pixels.grayscale import GreyScale, to_grey
from tests.support.films import make_film

SIDE = 128
pictures = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 4096, (SIDE, SIDE))
)


def grey_of(film: Dataset, stored: np.ndarray, **options: Any) -> np.ndarray:
    dtype = np.int16 if film.PixelRepresentation else np.uint16
    return to_grey(stored.astype(dtype), film, describe_pixels(film), **options)[0]


def film_with(stored: np.ndarray, **header: Any) -> Dataset:
    return make_film(stored_values=stored, **header)


@pytest.mark.parametrize("scale", list(GreyScale))
@given(picture=pictures, window=st.booleans())
@settings(max_examples=20)
def test_monochrome1_is_the_negative_of_monochrome2(
    scale: GreyScale, picture: np.ndarray, window: bool
) -> None:
    header = {"WindowCenter": 2000, "WindowWidth": 1500} if window else {}
    bright, dark = (
        grey_of(film_with(picture, photometric=photometric, **header), picture, scale=scale)
        for photometric in ("MONOCHROME2", "MONOCHROME1")
    )

    # PAPER is rounded to 255 steps, and halves go either way.
    np.testing.assert_allclose(bright + dark, 1, atol=1.01 / 255 if scale == GreyScale.PAPER else 1e-6)


@pytest.mark.parametrize("scale", list(GreyScale))
@given(picture=pictures, slope=st.floats(0.1, 10), intercept=st.integers(-2000, 2000))
@settings(max_examples=20)
def test_grey_never_falls_where_stored_values_rise(
    scale: GreyScale, picture: np.ndarray, slope: float, intercept: int
) -> None:
    film = film_with(picture, RescaleSlope=f"{slope:.6f}", RescaleIntercept=intercept)

    grey = grey_of(film, picture, scale=scale)

    by_stored_value = grey.ravel()[np.argsort(picture, axis=None, kind="stable")]
    assert (np.diff(by_stored_value) >= 0).all()
    assert 0 <= grey.min() < grey.max() <= 1
    assert grey.dtype == np.float32


def test_the_recommended_scale_spans_the_percentiles_and_ignores_the_senders_window() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))
    film = film_with(stored, WindowCenter=3000, WindowWidth=10)

    grey = grey_of(film, stored)

    assert (grey == 0).mean() == pytest.approx(0.005, abs=0.001)
    assert (grey == 1).mean() == pytest.approx(0.005, abs=0.0011)
    assert grey[0, 500] == pytest.approx(0.5, abs=0.002)


def test_a_few_outliers_do_not_change_the_recommended_scale() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))
    plain = grey_of(film_with(stored), stored)
    stored[0, :20] = 4095

    np.testing.assert_allclose(grey_of(film_with(stored), stored)[1:], plain[1:], atol=0.002)


def test_what_is_outside_counts_for_nothing_and_is_black() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))
    outside = np.zeros(stored.shape, np.bool_)
    outside[:50] = True
    plain = grey_of(film_with(stored), stored)
    stored[:50] = 4095

    grey = grey_of(film_with(stored), stored, outside=outside)

    assert (grey[:50] == 0).all()
    np.testing.assert_allclose(grey[50:], plain[50:], atol=0.002)


def test_a_negative_slope_turns_the_picture_around() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))

    falling = grey_of(film_with(stored, RescaleSlope=-1, RescaleIntercept=4095), stored)

    np.testing.assert_allclose(falling, 1 - grey_of(film_with(stored), stored), atol=0.002)


def test_a_modality_lut_comes_before_everything_else() -> None:
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 0, 16], [4095 - value for value in range(4096)]
    stored = np.tile(np.arange(1000, 2000), (200, 1))

    grey, notes, _ = to_grey(
        stored.astype(np.uint16),
        film := film_with(stored, ModalityLUTSequence=[item]),
        describe_pixels(film),
    )

    assert notes[1] == "modality=lut"
    np.testing.assert_allclose(grey, 1 - grey_of(film_with(stored), stored), atol=0.002)


def test_paper_uses_the_first_window_and_has_256_levels_from_black_to_white() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))
    film = film_with(stored, WindowCenter=[1500, 1], WindowWidth=[101, 1])

    grey = grey_of(film, stored, scale=GreyScale.PAPER)

    assert (grey[:, :440] == 0).all()
    assert (grey[:, 560:] == 1).all()
    assert set(np.rint(grey * 255).ravel()) <= set(range(256))
    np.testing.assert_array_equal(grey, np.rint(grey * 255).astype(np.float32) / np.float32(255))


def test_paper_without_a_window_spans_least_to_greatest() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))
    stored[0, 0] = 3000

    grey = grey_of(film_with(stored), stored, scale=GreyScale.PAPER)

    assert grey[0, 0] == 1
    assert grey[1, 999] == pytest.approx(0.5, abs=0.003)


def test_display_uses_the_window_where_it_shows_something_and_percentiles_elsewhere() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))
    useful = film_with(stored, WindowCenter=1500, WindowWidth=2000)
    stale = film_with(stored, WindowCenter=100, WindowWidth=10)

    assert grey_of(useful, stored, scale=GreyScale.DISPLAY)[0, 0] == pytest.approx(0.25, abs=0.001)
    grey, notes, _ = to_grey(stored.astype(np.uint16), stale, describe_pixels(stale), scale=GreyScale.DISPLAY)
    np.testing.assert_allclose(grey, grey_of(stale, stored), atol=1e-6)
    assert "voi=percentiles, the window misses the image" in notes


def test_signed_pixels_give_the_same_picture() -> None:
    stored = np.tile(np.arange(1000, 2000), (200, 1))
    signed = film_with(stored - 2048, signed=True)

    np.testing.assert_allclose(grey_of(signed, stored - 2048), grey_of(film_with(stored), stored), atol=1e-6)
    item = Dataset()
    item.LUTDescriptor, item.LUTData = [4096, 65536 - 2048, 12], list(range(4096))
    signed.VOILUTSequence = [item]
    through_lut = grey_of(signed, stored - 2048, scale=GreyScale.DISPLAY)
    np.testing.assert_allclose(through_lut, stored / 4095, atol=1e-6)


@pytest.mark.parametrize("scale", list(GreyScale))
def test_a_blank_image_is_black_and_raises_nothing(scale: GreyScale) -> None:
    stored = np.full((SIDE, SIDE), 1234)

    assert (grey_of(film_with(stored), stored, scale=scale) == 0).all()


def test_the_path_taken_is_noted() -> None:
    film = make_film(photometric="MONOCHROME1", RescaleSlope=2)
    stored = np.frombuffer(film.PixelData, "<u2").reshape(film.Rows, film.Columns)

    _, notes, _ = to_grey(stored, film, describe_pixels(film))

    assert notes == ("grey=recommended", "modality=rescale", "voi=percentiles", "inverted=yes")
