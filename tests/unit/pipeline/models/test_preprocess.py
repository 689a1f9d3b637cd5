"""What goes into a square comes back to the film's own grid, where it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.preprocess import crop_to_square, fit_film, hide_outside, to_film, to_square

SIDES = st.integers(17, 400)


@settings(max_examples=60, deadline=None)
@given(
    rows=SIDES,
    columns=SIDES,
    size=st.sampled_from([32, 64, 96]),
    fit=st.sampled_from(["letterbox", "stretch"]),
)
def test_every_place_of_a_film_comes_back_within_a_pixel_of_the_square(
    rows: int, columns: int, size: int, fit: str
) -> None:
    place = fit_film((rows, columns), size, fit)  # type: ignore[arg-type]
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float32)

    for coordinate, film_length, square_length in (
        (down, rows, place.rows),
        (across, columns, place.columns),
    ):
        back = to_film(to_square(coordinate, place), place)
        assert back.shape == (rows, columns)
        # The film's rim lies half a square pixel outside the centres between which values are known.
        assert np.abs(back - coordinate).max() <= max(1.0, film_length / square_length)


@settings(max_examples=60, deadline=None)
@given(rows=SIDES, columns=SIDES, aspect=st.floats(0.5, 2.0))
def test_a_letterbox_keeps_the_patients_shape_and_fills_one_side(
    rows: int, columns: int, aspect: float
) -> None:
    place = fit_film((rows, columns), 256, aspect=aspect)

    assert max(place.rows, place.columns) == 256
    assert place.rows / place.columns == pytest.approx(rows * aspect / columns, rel=0.05, abs=1.0 / 17)
    assert 0 <= place.top <= 256 - place.rows
    assert 0 <= place.left <= 256 - place.columns


def test_shrinking_averages_so_that_fine_stripes_become_grey() -> None:
    stripes = np.tile(np.array([0, 1], np.float32), (512, 256))

    square = to_square(stripes, fit_film(stripes.shape, 64))

    assert np.abs(square - 0.5).max() < 0.05


def test_beside_the_film_a_square_is_black() -> None:
    film = np.ones((100, 50), np.float32)

    square = to_square(film, fit_film(film.shape, 64))

    assert square[:, :16].max() == 0
    assert square[:, 16:48].min() == 1


def test_a_box_over_the_edge_is_black_outside_the_film() -> None:
    film = np.ones((40, 40), np.float32)

    square = crop_to_square(film, (-20.0, -20.0, 20.0, 20.0), 40)

    assert square[:19, :].max() == 0
    assert square[21:, 21:].min() == 1


def test_hidden_parts_are_painted_black_on_a_copy() -> None:
    film = np.ones((4, 4), np.float32)
    outside = np.zeros((4, 4), bool)
    outside[0] = True

    assert hide_outside(film, outside)[0].max() == 0
    assert film.min() == 1
    assert hide_outside(film, None) is film
