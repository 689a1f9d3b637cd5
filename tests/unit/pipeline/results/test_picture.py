"""The picture for people shows film, contours and text, whatever the outcome and the size of the film."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.results.picture import draw_overlay
from pipeline.values import Orientation, Outcome, Radiograph, RuleVerdict, Verdict
from tests.support.analyses import make_analysis, make_lung_mask, make_radiograph
from tests.support.films import lung_ellipses, make_film

BLUE, ORANGE, TURQUOISE, YELLOW = (0, 160, 255), (255, 160, 0), (0, 210, 190), (255, 214, 64)


def picture(
    outcome: Outcome = Outcome.PRESENT, *, shape: tuple[int, int] = (415, 512), **fields: object
) -> NDArray[np.uint8]:
    film = make_film(rows=shape[0], columns=shape[1])
    fields = {"radiograph": make_radiograph(film)} | fields
    analysis = make_analysis(outcome, film, **fields)
    assert analysis.radiograph is not None
    with Image.open(BytesIO(draw_overlay(analysis, analysis.radiograph))) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        return np.asarray(image)


def columns_of(
    shown: NDArray[np.uint8], colour: tuple[int, int, int], rows: slice = slice(None)
) -> NDArray[np.intp]:
    return np.nonzero((shown[rows] == colour).all(axis=2))[1]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_a_picture_with_text_below_the_film(outcome: Outcome) -> None:
    shown = picture(outcome)

    film_rows = 900
    assert shown.shape[0] > film_rows
    assert max(shown.shape) <= 1300
    assert shown[film_rows:].max() > 200


def test_a_finding_in_a_patient_of_unknown_age_has_a_yellow_headline() -> None:
    doubtful = picture(verdicts=(RuleVerdict("age", Verdict.UNKNOWN, "not stated"),))
    headline = slice(900, 945)

    assert columns_of(doubtful, YELLOW, headline).size > 0
    assert columns_of(picture(), YELLOW, headline).size == 0


@pytest.mark.parametrize("shape", [(2600, 2160), (290, 511), (64, 52), (16, 400), (400, 16), (1, 1)])
def test_films_of_every_shape_fit(shape: tuple[int, int]) -> None:
    mask = make_lung_mask(np.ones(shape, np.bool_))

    shown = picture(shape=shape, lung_mask=mask)

    assert 760 <= shown.shape[1] <= 1200
    assert shown.shape[0] <= 1300


def test_the_right_lung_is_blue_at_the_left_and_the_left_lung_orange_at_the_right() -> None:
    shown = picture()
    film = slice(0, 880)

    middle = shown.shape[1] / 2
    assert columns_of(shown, BLUE, film).size
    assert columns_of(shown, BLUE, film).max() < middle < columns_of(shown, ORANGE, film).min()
    assert not columns_of(shown, TURQUOISE, film).size


def test_lungs_of_unknown_side_have_one_colour() -> None:
    shown = picture(lung_mask=make_lung_mask(lung_ellipses(415, 512), sides=False))

    assert columns_of(shown, TURQUOISE).size
    assert not columns_of(shown, BLUE).size


def test_a_mirrored_film_is_shown_upright_with_its_contours() -> None:
    film = make_film(rows=415, columns=512)
    pixels = lung_ellipses(415, 512)
    pixels[:, :256] = False
    labels = pixels.astype(np.uint8)
    mask = make_lung_mask(pixels)
    mirrored = make_radiograph(film, orientation=Orientation(mirrored=True, known=True))
    object.__setattr__(mask, "labels", labels)

    shown = picture(lung_mask=mask, radiograph=mirrored)

    assert columns_of(shown, BLUE, slice(0, 880)).max() < shown.shape[1] / 2


def test_a_film_stored_on_its_side_is_turned() -> None:
    film = make_film(rows=300, columns=600)
    turned = make_radiograph(film, orientation=Orientation(quarter_turns=1, known=True))

    shown = picture(shape=(300, 600), radiograph=turned)

    rows = np.nonzero((shown == BLUE).all(axis=2) | (shown == ORANGE).all(axis=2))[0]
    assert rows.max() - rows.min() > 450


def test_what_shutter_or_padding_hides_is_black() -> None:
    film = make_film(rows=415, columns=512)
    outside = np.zeros((415, 512), np.bool_)
    outside[:, :100] = True

    shown = picture(radiograph=make_radiograph(film, outside=outside), lung_mask=None)

    assert not shown[:880, :180].any()
    assert shown[:880, 300:].any()


def test_the_radiograph_is_left_as_it_was() -> None:
    film = make_film(rows=41, columns=37)
    radiograph = make_radiograph(film, outside=np.ones((41, 37), np.bool_))
    before = radiograph.pixels.copy()
    analysis = make_analysis(film=film, radiograph=radiograph)

    draw_overlay(analysis, radiograph)

    assert isinstance(radiograph, Radiograph)
    assert np.array_equal(radiograph.pixels, before)
