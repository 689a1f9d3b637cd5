from typing import Any

import numpy as np
import pytest

from pipeline.codecs import decode_frame
from pipeline.pixels.description import describe_pixels
from pipeline.pixels.outside import find_outside
from tests.support.films import make_film

SHAPE = (200, 150)


def outside_of(**header: Any) -> tuple[np.ndarray | None, tuple[str, ...]]:
    film = make_film(rows=SHAPE[0], columns=SHAPE[1], **header)
    description = describe_pixels(film)
    return find_outside(decode_frame(film, description), film, description)


def test_a_film_without_padding_and_shutter_hides_nothing() -> None:
    assert outside_of() == (None, ())


def test_padding_pixels_are_outside() -> None:
    stored = np.full(SHAPE, 1000)
    stored[:20] = 0

    outside, notes = outside_of(stored_values=stored, PixelPaddingValue=0)

    assert outside is not None
    np.testing.assert_array_equal(outside, stored == 0)
    assert notes == ("padding=0",)


@pytest.mark.parametrize("padding", [(4000, 4095), (4095, 4000)])
def test_a_padding_range_holds_both_its_ends_in_either_order(padding: tuple[int, int]) -> None:
    stored = np.full(SHAPE, 1000)
    stored[0, :4] = [3999, 4000, 4095, 4050]

    outside, _ = outside_of(
        stored_values=stored, PixelPaddingValue=padding[0], PixelPaddingRangeLimit=padding[1]
    )

    assert outside is not None
    assert outside[0, :5].tolist() == [False, True, True, True, False]


def test_signed_padding_that_was_written_unsigned_is_understood() -> None:
    stored = np.full(SHAPE, 100)
    stored[:20] = -2000

    outside, _ = outside_of(stored_values=stored, signed=True, PixelPaddingValue=65536 - 2000)

    assert outside is not None
    assert outside.sum() == 20 * SHAPE[1]


def test_padding_that_covers_nearly_everything_is_stale() -> None:
    outside, notes = outside_of(stored_values=np.full(SHAPE, 7), PixelPaddingValue=7)

    assert outside is None
    assert notes == ("padding=7 ignored, it leaves too little",)


def test_the_edges_of_a_rectangular_shutter_are_counted_from_1_and_still_visible() -> None:
    outside, notes = outside_of(
        ShutterShape="RECTANGULAR",
        ShutterLeftVerticalEdge=11,
        ShutterRightVerticalEdge=140,
        ShutterUpperHorizontalEdge=21,
        ShutterLowerHorizontalEdge=190,
    )

    assert outside is not None
    visible = np.zeros(SHAPE, np.bool_)
    visible[20:190, 10:140] = True
    np.testing.assert_array_equal(outside, ~visible)
    assert notes == ("shutter=rectangular",)


def test_a_circular_shutter_shows_a_disc() -> None:
    outside, _ = outside_of(
        ShutterShape="CIRCULAR", CenterOfCircularShutter=[100, 75], RadiusOfCircularShutter=60
    )

    assert outside is not None
    assert not outside[99, 74 + 60]
    assert outside[99, 74 + 61]
    assert (~outside).sum() == pytest.approx(np.pi * 60**2, rel=0.01)


def test_a_polygonal_shutter_shows_its_inside() -> None:
    outside, _ = outside_of(
        ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=[11, 11, 11, 141, 191, 141, 191, 11]
    )

    assert outside is not None
    assert (~outside).sum() == pytest.approx(131 * 181, rel=0.01)
    assert not outside[100, 75]
    assert outside[5, 75]


def test_shapes_hide_together() -> None:
    both, notes = outside_of(
        ShutterShape=["CIRCULAR", "POLYGONAL"],
        CenterOfCircularShutter=[100, 75],
        RadiusOfCircularShutter=60,
        VerticesOfThePolygonalShutter=[101, 1, 101, 150, 200, 150, 200, 1],
    )

    assert both is not None
    assert both[50, 75]
    assert both[190, 140]
    assert not both[120, 75]
    assert notes == ("shutter=circular", "shutter=polygonal")


def test_a_collimator_hides_like_a_shutter() -> None:
    outside, notes = outside_of(
        CollimatorShape="CIRCULAR", CenterOfCircularCollimator=[100, 75], RadiusOfCircularCollimator=60
    )

    assert outside is not None
    assert notes == ("collimator=circular",)


@pytest.mark.parametrize(
    "header",
    [
        {"ShutterShape": "RECTANGULAR"},
        {"ShutterShape": "BITMAP"},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [1, 1], "RadiusOfCircularShutter": 0},
        {"ShutterShape": "CIRCULAR", "CenterOfCircularShutter": [1, 1], "RadiusOfCircularShutter": 5},
        {"ShutterShape": "POLYGONAL", "VerticesOfThePolygonalShutter": [1, 1, 5, 5, 9]},
        {"ShutterShape": "NONSENSE"},
    ],
)
def test_shutters_that_make_no_sense_are_ignored_and_noted(header: dict[str, object]) -> None:
    outside, notes = outside_of(**header)

    assert outside is None
    assert all("ignored" in note for note in notes)
    assert len(notes) == 1
