"""Films are decoded once to squares, and the squares are used again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.prepared import indexed_folder
from train.data import read_index
from train.data.masks import write_mask
from train.errors import UnusableIndex
from train.films import concatenate, square_films, stretch


def test_decoded_squares_are_kept_and_used_again(tmp_path: Path) -> None:
    indexed_folder(tmp_path, [{"split": "train"}])
    films = read_index(tmp_path)

    first = square_films(films, 32, tmp_path / "cache")
    (tmp_path / "film-0.png").unlink()
    again = square_films(films, 32, tmp_path / "cache")

    assert first.images.shape == (1, 32, 32)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.masks, again.masks)
    assert set(np.unique(first.masks)) == {0, 1}


def test_pixels_that_are_not_counted_stay_apart(tmp_path: Path) -> None:
    (film,) = indexed_folder(tmp_path, [{}])
    assert film.mask is not None
    mask = np.zeros(film.shape, np.uint8)
    mask[10:30, 6:20], mask[10:30, 20:34] = 1, 2
    write_mask(film.mask, mask)

    squares = square_films([film], 48, tmp_path / "cache")

    assert np.array_equal(squares.masks[0, :, 4:44], mask)


def test_another_picture_under_the_same_name_is_decoded_anew(tmp_path: Path) -> None:
    (film,) = indexed_folder(tmp_path, [{}])
    square_films([film], 32, tmp_path / "cache")
    square_films([replace(film, digest="other")], 32, tmp_path / "cache")

    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_no_film_and_no_mask_are_said_plainly(tmp_path: Path) -> None:
    (film,) = indexed_folder(tmp_path, [{}])

    with pytest.raises(UnusableIndex, match="no film is left"):
        square_films([], 32, tmp_path)
    with pytest.raises(UnusableIndex, match=r"film-0\.png has no mask"):
        square_films([replace(film, mask=None)], 32, tmp_path)


def test_sets_are_joined_in_order(tmp_path: Path) -> None:
    films = indexed_folder(tmp_path, [{}, {}])
    one, other = (square_films([film], 32, tmp_path / "cache") for film in films)

    both = concatenate([one, other])
    assert len(both) == 2
    assert np.array_equal(both.images[1], other.images[0])


def test_an_even_picture_does_not_divide_by_zero() -> None:
    assert np.array_equal(stretch(np.full((4, 4), 7, np.float32)), np.zeros((4, 4), np.float32))
