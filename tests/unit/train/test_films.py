"""An index of films is read whole, or refused by the row that is wrong."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from train.errors import UnusableIndex
from train.films import read_film, read_index, square_films, stretch


def _write(folder: Path, rows: list[dict[str, str]], *, mask_size: tuple[int, int] = (40, 30)) -> None:
    picture = np.tile(np.arange(40, dtype=np.uint8) * 6, (30, 1))
    mask = np.zeros(mask_size[::-1], np.uint8)
    mask[5:20, 5:15], mask[21:25, 5:15] = 255, 127
    Image.fromarray(picture).save(folder / "film.png")
    Image.fromarray(mask).save(folder / "mask.png")
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ("file", "mask", "patient", "split"))
        writer.writeheader()
        writer.writerows(rows)


def _row(**changes: str) -> dict[str, str]:
    return {"file": "film.png", "mask": "mask.png", "patient": "p1", "split": "train", **changes}


def test_lung_background_and_ignored_pixels_are_told_apart(tmp_path: Path) -> None:
    _write(tmp_path, [_row()])

    pixels, mask = read_film(read_index(tmp_path)[0])

    assert (mask[10, 10], mask[0, 0], mask[22, 10]) == (1, 0, 2)
    assert pixels.min() == 0
    assert pixels.max() == 1


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([_row(), _row(file="gone.png")], r"line 3: .*gone\.png does not exist"),
        ([_row(mask="")], "line 2: column mask is missing or empty"),
        ([_row(), _row(split="val")], "line 3: patient p1 is in two splits"),
        ([], "lists no film"),
    ],
)
def test_an_unusable_row_is_named(tmp_path: Path, rows: list[dict[str, str]], message: str) -> None:
    _write(tmp_path, rows)

    with pytest.raises(UnusableIndex, match=message):
        read_index(tmp_path)


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    _write(tmp_path, [_row()], mask_size=(20, 30))

    with pytest.raises(UnusableIndex, match=r"mask\.png is \(30, 20\), its film \(30, 40\)"):
        read_film(read_index(tmp_path)[0])


def test_no_index_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UnusableIndex, match=r"index\.csv cannot be read"):
        read_index(tmp_path)


def test_decoded_squares_are_kept_and_used_again(tmp_path: Path) -> None:
    _write(tmp_path, [_row()])
    films = read_index(tmp_path)

    first = square_films(films, 32, tmp_path / "cache")
    (tmp_path / "film.png").unlink()
    again = square_films(films, 32, tmp_path / "cache")

    assert first.images.shape == (1, 32, 32)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.masks, again.masks)
    assert set(np.unique(first.masks)) == {0, 1, 2}


def test_an_even_picture_does_not_divide_by_zero() -> None:
    assert np.array_equal(stretch(np.full((4, 4), 7, np.float32)), np.zeros((4, 4), np.float32))
