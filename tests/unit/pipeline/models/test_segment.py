"""Masks lie on the film's own grid; a side is named only when the header says which way the film lies."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.bundle import read_manifest
from pipeline.bundle.manifest import PostProcessing, Preprocessing, Segmenter
from pipeline.pixels.orientation import from_upright
from pipeline.segment import LungSegmenter, sigmoid
from pipeline.values import Orientation, PixelSpacing, Radiograph
from tests.support.bundles import GreyEngine
from tests.support.films import draw_chest, lung_ellipses

KNOWN = Orientation(known=True)
WAYS = [Orientation(mirrored, turns, known=True) for mirrored in (False, True) for turns in range(4)]


class MarkedEngine(GreyEngine):
    """Sees lungs only on squares whose upper left part is brighter than the rest: upright ones."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = super().run(batch)
        half = batch.shape[-1] // 2
        corners = [
            batch[..., r, c].max(axis=(-1, -2))
            for r in (slice(half), slice(half, None))
            for c in (slice(half), slice(half, None))
        ]
        upright = corners[0] > np.maximum.reduce(corners[1:])
        return np.where(upright[..., None, None], logits, np.float32(-9))


@pytest.fixture
def model(tiny_bundle: Path) -> Segmenter:
    return read_manifest(tiny_bundle)[0].segmenter.model_copy(
        update={"preprocessing": Preprocessing(size=128)}
    )


def _film(orientation: Orientation, *, rows: int = 300, columns: int = 260) -> Radiograph:
    """A drawn chest, stored as the orientation says."""
    upright = draw_chest(rows, columns).astype(np.float32)
    stored = np.ascontiguousarray(from_upright(upright, orientation))
    return Radiograph(stored, None, PixelSpacing(0.2, 0.2, "imager"), orientation, Dataset())


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("orientation", WAYS, ids=str)
def test_lungs_are_found_where_they_are_however_the_film_is_stored(
    model: Segmenter, orientation: Orientation
) -> None:
    film = _film(orientation)
    mask = LungSegmenter(GreyEngine(), model).segment([film])[0].lung_mask

    truth = from_upright(lung_ellipses(300, 260), orientation)
    assert mask.pixels.shape == film.shape
    assert _overlap(mask.pixels, truth) > 0.9


@pytest.mark.parametrize("orientation", WAYS, ids=str)
def test_the_right_lung_is_the_patients_right(model: Segmenter, orientation: Orientation) -> None:
    mask = LungSegmenter(GreyEngine(), model).segment([_film(orientation)])[0].lung_mask

    assert mask.labels is not None
    sides = np.zeros((300, 260), np.uint8)
    sides[:, :130], sides[:, 130:] = 1, 2  # upright, the patient's right is at the left of the image
    stored = from_upright(sides, orientation)
    assert np.array_equal(mask.labels > 0, mask.pixels)
    assert np.array_equal(mask.labels[mask.pixels], stored[mask.pixels])


def test_without_an_orientation_no_side_is_guessed(model: Segmenter) -> None:
    film = replace(_film(KNOWN), orientation=Orientation())

    assert LungSegmenter(GreyEngine(), model).segment([film])[0].lung_mask.labels is None


def test_with_one_lung_seen_no_side_is_guessed(model: Segmenter) -> None:
    film = _film(KNOWN)
    pixels = film.pixels.copy()
    pixels[:, 130:] = 0.62

    mask = LungSegmenter(GreyEngine(), model).segment([replace(film, pixels=pixels)])[0].lung_mask

    assert mask.area_pixels > 0
    assert mask.labels is None


def test_areas_are_counted_on_the_films_grid(model: Segmenter) -> None:
    film = replace(_film(KNOWN), spacing=PixelSpacing(0.2, 0.1, "imager"))
    mask = LungSegmenter(GreyEngine(), model).segment([film])[0].lung_mask

    assert mask.area_pixels == mask.pixels.sum()
    assert mask.area_fraction == pytest.approx(mask.pixels.mean())
    assert mask.area_mm2 == pytest.approx(mask.area_pixels * 0.02)
    assert 0.5 < mask.confidence <= 1

    unknown = LungSegmenter(GreyEngine(), model).segment([replace(film, spacing=None)])[0].lung_mask
    assert unknown.area_mm2 is None


def test_what_the_shutter_hides_is_no_lung(model: Segmenter) -> None:
    film = _film(KNOWN)
    outside = np.zeros(film.shape, bool)
    outside[:150] = True

    mask = LungSegmenter(GreyEngine(), model).segment([replace(film, outside=outside)])[0].lung_mask

    assert not mask.pixels[:150].any()
    assert mask.pixels[150:].any()


def test_lungs_that_the_segmenter_guesses_under_a_shutter_are_counted_for_the_gate(model: Segmenter) -> None:
    class BlindEngine(GreyEngine):
        """Sees the same two lungs whatever the film shows."""

        def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            logits = np.full_like(batch, -9)
            logits[..., 32:96, 30:54] = logits[..., 32:96, 74:98] = 9
            return logits

    film = _film(KNOWN, rows=256, columns=256)
    outside = np.zeros(film.shape, bool)
    outside[:128] = True

    mask = LungSegmenter(BlindEngine(), model).segment([replace(film, outside=outside)])[0].lung_mask

    assert mask.area_pixels > 0
    assert mask.hidden_pixels == pytest.approx(mask.area_pixels, rel=0.02)


def test_sides_are_not_named_where_the_film_lies_otherwise_than_its_header_says(model: Segmenter) -> None:
    upright = draw_chest(260, 260).astype(np.float32)
    upright[4:12, 4:12] = 1.0
    film = Radiograph(np.ascontiguousarray(upright[::-1, ::-1]), None, None, KNOWN, Dataset())

    found = LungSegmenter(MarkedEngine(), model).segment([film])[0]

    assert found.extra_turns == 2
    assert found.lung_mask.labels is None


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_an_implausible_mask_makes_it_try_the_other_orientations(model: Segmenter, turns: int) -> None:
    upright = draw_chest(260, 260).astype(np.float32)
    upright[4:12, 4:12] = 1.0
    stored = np.ascontiguousarray(np.rot90(upright, -turns))
    film = Radiograph(stored, None, None, Orientation(), Dataset())

    found = LungSegmenter(MarkedEngine(), model).segment([film])[0]

    assert found.extra_turns == turns
    assert _overlap(found.lung_mask.pixels, np.rot90(lung_ellipses(260, 260), -turns)) > 0.85
    assert found.lung_mask.labels is None


@pytest.mark.parametrize("turns", [1, 3])
def test_a_sideways_film_is_turned_though_the_network_sees_its_lungs_too(
    model: Segmenter, turns: int
) -> None:
    class SurerUpright(MarkedEngine):
        """Sees lungs however they lie, and upright ones best."""

        def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            anyhow, upright = GreyEngine.run(self, batch), super().run(batch)
            return np.where(upright == anyhow, anyhow, anyhow * np.float32(0.5))

    upright = draw_chest(260, 260).astype(np.float32)
    upright[4:12, 4:12] = 1.0
    stored = np.ascontiguousarray(np.rot90(upright, -turns))

    found = LungSegmenter(SurerUpright(), model).segment(
        [Radiograph(stored, None, None, Orientation(), Dataset())]
    )[0]

    assert found.extra_turns == turns


def test_films_of_other_sizes_share_a_batch_and_keep_their_order(model: Segmenter) -> None:
    engine = GreyEngine()
    films = [_film(KNOWN), _film(KNOWN, rows=200, columns=240), _film(KNOWN, rows=500, columns=410)]

    masks = [found.lung_mask for found in LungSegmenter(engine, model).segment(films)]

    assert [mask.pixels.shape for mask in masks] == [film.shape for film in films]
    assert [len(batch) for batch in engine.seen] == [3]
    assert LungSegmenter(engine, model).segment([]) == []


def test_the_paper_segments_turned_copies_of_a_film_whose_lungs_are_small(model: Segmenter) -> None:
    class SidewaysEngine(MarkedEngine):
        """Blind for the film as stored, sees both turned copies."""

        def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
            logits = GreyEngine.run(self, batch)
            return np.full_like(logits, -9) if len(self.seen) == 1 else logits

    engine = SidewaysEngine()
    paper = model.model_copy(update={"postprocessing": PostProcessing(profile="paper")})
    film = _film(Orientation(quarter_turns=1, known=True), rows=260)

    mask = LungSegmenter(engine, paper).segment([film])[0].lung_mask

    assert [len(batch) for batch in engine.seen] == [1, 2]
    assert np.array_equal(engine.seen[1][0, 0], np.rot90(engine.seen[0][0, 0], 1))
    assert np.array_equal(engine.seen[1][1, 0], np.rot90(engine.seen[0][0, 0], -1))
    assert _overlap(mask.pixels, from_upright(lung_ellipses(260, 260), film.orientation)) > 0.85


def test_the_paper_takes_a_film_of_sufficient_lungs_as_it_is(model: Segmenter) -> None:
    engine = GreyEngine()
    paper = model.model_copy(update={"postprocessing": PostProcessing(profile="paper")})

    mask = LungSegmenter(engine, paper).segment([_film(KNOWN)])[0].lung_mask

    assert len(engine.seen) == 1
    assert _overlap(mask.pixels, lung_ellipses(300, 260)) > 0.85


class LeaningEngine(GreyEngine):
    """Is surer of lung the further to the right it looks."""

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        lean = np.linspace(-9, 9, batch.shape[-1], dtype=np.float32)
        return super().run(batch) + lean


def test_a_mirrored_film_has_the_mirrored_mask_when_both_are_averaged(model: Segmenter) -> None:
    film = _film(Orientation(), rows=260)
    film = replace(film, pixels=np.ascontiguousarray(film.pixels[:, :200]))
    other = replace(film, pixels=np.ascontiguousarray(film.pixels[:, ::-1]))
    averaged = model.model_copy(update={"postprocessing": PostProcessing(mirror=True)})

    def masks(chosen: Segmenter) -> list[NDArray[np.bool_]]:
        return [
            found.lung_mask.pixels for found in LungSegmenter(LeaningEngine(), chosen).segment([film, other])
        ]

    one, mirrored = masks(averaged)
    assert one.any()
    assert np.array_equal(one, mirrored[:, ::-1])
    plain, plain_mirrored = masks(model)
    assert not np.array_equal(plain, plain_mirrored[:, ::-1])


def test_the_logistic_function_does_not_overflow() -> None:
    logits = np.array([-1e4, -1.0, 0.0, 1.0, 1e4], np.float32)

    assert np.allclose(sigmoid(logits), [0, 0.26894143, 0.5, 0.7310586, 1])
