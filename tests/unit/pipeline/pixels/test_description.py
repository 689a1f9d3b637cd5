import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UnsupportedInstance
from pipeline.pixels.description import PixelLimits, describe_pixels
from tests.support.films import make_film


def test_a_twelve_bit_film_is_described() -> None:
    description = describe_pixels(make_film(rows=200, columns=150, signed=True))

    assert description.shape == (200, 150)
    assert (description.lowest, description.highest) == (-2048, 2047)
    assert description.frame_bytes == 60000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"NumberOfFrames": 2}, "2 frames"),
        ({"SamplesPerPixel": 3}, "3 samples"),
        ({"PhotometricInterpretation": "RGB"}, "RGB"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PALETTE"),
        ({"BitsAllocated": 32}, "32 bits allocated"),
        ({"BitsAllocated": 1}, "1 bits allocated"),
        ({"BitsStored": 7}, "7 of 16"),
        ({"BitsStored": 20}, "20 of 16"),
        ({"Rows": 0}, "No usable Rows"),
        ({"Columns": None}, "no image"),
        ({"Rows": 127}, "127 x 420"),
        ({"Columns": 8193}, "512 x 8193"),
    ],
)
def test_what_is_no_single_grey_frame_is_refused_with_what_was_seen(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(UnsupportedInstance, match=message):
        describe_pixels(make_film(**changes))


def test_a_huge_grid_is_refused_by_its_bytes() -> None:
    film = make_film(Rows=8000, Columns=8000)

    with pytest.raises(UnsupportedInstance, match="128000000 bytes"):
        describe_pixels(film, PixelLimits(max_pixel_bytes=100_000_000))


def test_small_inconsistencies_are_put_right() -> None:
    description = describe_pixels(make_film(HighBit=3, SamplesPerPixel=None, PixelRepresentation=None))

    assert (description.high_bit, description.signed) == (11, False)


@given(rows=st.integers(0, 65535), columns=st.integers(0, 65535))
def test_no_accepted_grid_exceeds_the_limits(rows: int, columns: int) -> None:
    film = make_film(rows=136, columns=129)
    film.Rows, film.Columns = rows, columns
    limits = PixelLimits(min_side=100, max_side=5000, max_pixel_bytes=20_000_000)

    try:
        description = describe_pixels(film, limits)
    except UnsupportedInstance:
        assert min(rows, columns) < 100 or max(rows, columns) > 5000 or 2 * rows * columns > 20_000_000
    else:
        assert description.frame_bytes <= 20_000_000
        assert 100 <= min(rows, columns) <= max(rows, columns) <= 5000
