"""The classifier sees the lungs and little else, alike for any grid the film came on."""

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset

from pipeline.bundle import read_manifest, reference_bundle
from pipeline.bundle.manifest import LungCrop
from pipeline.classify import FindingClassifier, Grid, crop_lungs, lung_box
from pipeline.segment import SegmentedFilm
from pipeline.values import LungMask, Orientation, PixelSpacing, Radiograph
from tests.support.films import draw_chest, lung_ellipses

FILM, LUNGS = draw_chest(400, 360).astype(np.float32), lung_ellipses(400, 360)


def _tall_pixels(plane: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The same picture on half as many rows."""
    return np.asarray(Image.fromarray(plane.astype(np.float32)).resize((360, 200), Image.Resampling.BOX))


def test_the_box_holds_the_lungs_and_its_margin() -> None:
    top, left, bottom, right = lung_box(LUNGS, 0.1)

    rows, columns = np.nonzero(LUNGS)
    longer = max(np.ptp(rows) + 1, np.ptp(columns) + 1)
    assert top <= rows.min() - 0.09 * longer
    assert right >= columns.max() + 0.09 * longer
    assert bottom - top == right - left == pytest.approx(1.2 * longer, abs=2)


def test_the_same_lungs_on_another_grid_give_the_same_crop() -> None:
    crop = LungCrop()
    square = crop_lungs(FILM, LUNGS, Grid(PixelSpacing(0.2, 0.2, "imager")), crop, 96)
    tall = crop_lungs(
        _tall_pixels(FILM), _tall_pixels(LUNGS) > 0.5, Grid(PixelSpacing(0.4, 0.2, "imager"), 2.0), crop, 96
    )

    assert np.abs(square - tall).mean() < 0.02


def test_a_film_that_is_stored_mirrored_gives_the_same_crop_mirrored() -> None:
    lungs = LUNGS.copy()
    lungs[np.flatnonzero(lungs.any(axis=1))[0]] = False
    lungs[:, np.flatnonzero(lungs.any(axis=0))[0]] = False
    grid, crop = Grid(PixelSpacing(0.2, 0.2, "imager")), LungCrop()

    as_it_is = crop_lungs(FILM, lungs, grid, crop, 256)
    upside_down = crop_lungs(FILM[::-1], lungs[::-1], grid, crop, 256)
    mirrored = crop_lungs(FILM[:, ::-1], lungs[:, ::-1], grid, crop, 256)

    assert np.abs(as_it_is - upside_down[::-1]).max() < 1e-4
    assert np.abs(as_it_is - mirrored[:, ::-1]).max() < 1e-4


def test_outside_the_lungs_nothing_of_the_film_is_left() -> None:
    grid = Grid(PixelSpacing(0.2, 0.2, "imager"))
    other = np.where(LUNGS, FILM, 1 - FILM)

    crop = crop_lungs(FILM, LUNGS, grid, LungCrop(dilation_mm=0.2), 96)
    same = crop_lungs(other, LUNGS, grid, LungCrop(dilation_mm=0.2), 96)

    changed = np.abs(crop - same) > 0.05
    assert changed.mean() < 0.12  # only the rim, where the mask is soft
    assert np.abs(crop[0] - crop[-1]).max() == 0
    assert crop[0, 0] == pytest.approx(FILM[LUNGS].mean(), abs=0.02)


def test_the_papers_background_is_black_and_a_plain_crop_keeps_the_film() -> None:
    black = crop_lungs(FILM, LUNGS, Grid(), LungCrop(background="black"), 96)
    plain = crop_lungs(FILM, LUNGS, Grid(), LungCrop(background="film"), 96)

    assert black[0].max() == 0
    assert plain[48, 48] > 0.6  # the spine between the lungs


def test_lungs_at_the_edge_of_the_film_are_cut_too() -> None:
    mask = np.zeros((60, 60), bool)
    mask[:20, :10] = True

    crop = crop_lungs(np.full((60, 60), 0.5, np.float32), mask, Grid(), LungCrop(), 64)

    assert crop.shape == (64, 64)
    assert np.isfinite(crop).all()


class _Undecided:
    """Gives every film the same logit."""

    device = "cpu"

    def run(self, batch: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return np.full((len(batch), 1), 0.8, np.float32)


@pytest.mark.parametrize(("temperature", "bias"), [(1.0, 0.0), (2.0, 0.0), (1.0, -1.0), (0.5, 0.7)])
def test_the_logit_is_divided_by_the_temperature_and_the_bias_added(temperature: float, bias: float) -> None:
    model = read_manifest(reference_bundle())[0].classifier
    calibrated = model.model_copy(update={"temperature": temperature, "bias": bias})
    film = Radiograph(FILM, None, None, Orientation(), Dataset())
    lungs = LungMask(LUNGS, None, 0.9, int(LUNGS.sum()), float(LUNGS.mean()), None)

    (finding,) = FindingClassifier(_Undecided(), calibrated).classify([(film, SegmentedFilm(lungs, 0))])

    assert np.log(finding.probability / (1 - finding.probability)) == pytest.approx(0.8 / temperature + bias)
