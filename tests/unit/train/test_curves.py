"""Learning curves are complete, and batches made ahead are the same ones in the same order."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from train.ahead import made_ahead
from train.curves import CURVES, PICTURE, draw_curves, write_curves

HISTORY = [
    {"loss": 0.9, "score": 0.4, "iou": 0.5, "seconds": 1.0},
    {"loss": 0.5, "score": 0.7, "iou": 0.8, "seconds": 1.0},
]


def test_curves_are_a_table_and_a_picture(tmp_path: Path) -> None:
    write_curves(tmp_path, HISTORY)
    draw_curves(tmp_path, HISTORY)

    rows = list(csv.DictReader((tmp_path / CURVES).read_text(encoding="utf-8").splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert float(rows[1]["iou"]) == 0.8
    with Image.open(tmp_path / PICTURE) as picture:
        assert picture.width > picture.height > 100
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10
    assert sorted(path.name for path in tmp_path.iterdir()) == [CURVES, PICTURE]


@pytest.mark.parametrize("depth", [0, 1, 3, 20])
def test_what_is_made_ahead_comes_in_order_and_fails_in_its_turn(depth: int) -> None:
    def make(number: int) -> int:
        if number == 7:
            raise ValueError(number)
        return number * number

    assert list(made_ahead(make, range(2, 7), depth)) == [4, 9, 16, 25, 36]
    given = made_ahead(make, range(5, 9), depth)
    assert (next(given), next(given)) == (25, 36)
    with pytest.raises(ValueError, match="7"):
        next(given)
