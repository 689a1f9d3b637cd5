"""Hybrids in sets and folders: chosen by patient, cached by what is in them, listed in an index."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.bundle.manifest import LungCrop
from tests.support.hybrids import write_base_films
from train.cli import app
from train.data import read_index, read_mask, read_pixels
from train.errors import UnusableIndex
from train.evaluation.statistics.values import Interval
from train.hybrid.base import BaseFilms, split_patients
from train.hybrid.carry_over import HYBRIDS, PHANTOMS, CarryOverPlan, area
from train.hybrid.carry_over_report import best_mixture, write_report
from train.hybrid.film import disease_of
from train.hybrid.sets import hybrid_crops, hybrid_squares
from train.phantom_sets import CropMaker, join_crops

MAKER = CropMaker(LungCrop(), 64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    write_base_films(folder, 6, val_from=4)
    return folder


def test_only_films_without_disease_and_with_lungs_are_painted_on(folder: Path) -> None:
    from dataclasses import replace

    index = read_index(folder)
    sick = [replace(film, rds=True) for film in index[:2]]
    unknown, bare = replace(index[2], rds=None), replace(index[3], mask=None)
    assert len(BaseFilms.choose(index, "train")) == 4
    assert len(BaseFilms.choose([*sick, unknown, bare, *index[4:]])) == 2
    with pytest.raises(UnusableIndex, match=r"rds 0.*split test"):
        BaseFilms.choose(index, "test")


def test_patients_are_held_back_whole_and_always_the_same(folder: Path) -> None:
    films = BaseFilms.choose(read_index(folder))
    rest, held = split_patients(films, 0.3)

    assert {film.patient for film in rest.films}.isdisjoint(film.patient for film in held.films)
    assert len(rest) + len(held) == len(films)
    assert (rest, held) == split_patients(films, 0.3)
    with pytest.raises(UnusableIndex, match="more patients"):
        split_patients(BaseFilms(films.films[:1]), 0.3)


def test_crops_are_made_once_and_know_their_labels(folder: Path, tmp_path: Path) -> None:
    films = BaseFilms.choose(read_index(folder), "train")
    crops = hybrid_crops(range(8), films, MAKER, tmp_path)

    assert crops.images.shape == (8, 1, 64, 64)
    assert [bool(label) for label in crops.labels] == [disease_of(seed).is_rds for seed in range(8)]
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_mtime_ns
    again = hybrid_crops(range(8), films, MAKER, tmp_path)
    assert np.array_equal(again.images, crops.images)
    assert kept.stat().st_mtime_ns == written

    other = BaseFilms.choose(read_index(folder), "val")
    hybrid_crops(range(8), other, MAKER, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2

    both = join_crops(crops, again)
    assert len(both) == len(both.labels) == len(both.diseases) == 16


def test_squares_for_the_segmenter_hold_lungs(folder: Path, tmp_path: Path) -> None:
    squares = hybrid_squares(range(3), BaseFilms.choose(read_index(folder)), 64, tmp_path)
    assert squares.images.shape == squares.masks.shape == (3, 64, 64)
    assert all(0.02 < np.mean(mask == 1) < 0.7 for mask in squares.masks)


def test_the_command_writes_films_masks_truth_and_an_index_that_can_be_read(
    folder: Path, tmp_path: Path
) -> None:
    arguments = [
        "hybrids",
        "--films",
        str(folder),
        "--out",
        str(tmp_path / "a"),
        "--count",
        "3",
        "--seed",
        "40",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "3 SYNTHETIC films" in result.output

    films = read_index(tmp_path / "a")
    assert len(films) == 3
    for seed, film in enumerate(films, start=40):
        truth = json.loads(film.path.with_suffix(".json").read_text())
        assert truth["synthetic"] is True
        assert truth["rds"] == film.rds == disease_of(seed).is_rds
        assert film.provenance.startswith("SYNTHETIC")
        assert film.patient == truth["patient"]
        assert film.split == "train"
        assert read_pixels(film).shape == read_mask(film).shape
        assert (read_mask(film) == 1).sum() == film.roi_area > 0

    arguments[4] = str(tmp_path / "b")
    assert CliRunner().invoke(app, arguments).exit_code == 0
    written = {path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")}
    assert all(
        (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in written
    )


def test_a_page_shows_every_grade_of_the_same_babies(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.png"
    result = CliRunner().invoke(
        app, ["hybrids", "--films", str(folder), "--out", str(tmp_path), "--page", str(page)]
    )
    assert result.exit_code == 0, result.output
    with Image.open(page) as picture:
        assert picture.width > 1000
        assert np.asarray(picture).std() > 20


def test_the_area_is_that_of_the_scores_and_its_interval_holds_it(folder: Path, tmp_path: Path) -> None:
    films = BaseFilms.choose(read_index(folder))
    crops = hybrid_crops(range(30), films, MAKER, tmp_path)
    patients = [films.patient_of(seed) for seed in range(30)]

    assert area(crops, crops.labels.astype(np.float64), patients).value == 1.0
    blind = area(crops, np.random.default_rng(0).random(30), patients)
    assert blind.low <= blind.value <= blind.high
    assert blind.high - blind.low > 0.05


def test_the_report_names_the_mixture_whose_weaker_side_is_best(tmp_path: Path) -> None:
    table = {
        "phantoms": {PHANTOMS: Interval(0.98, 0.95, 0.99), HYBRIDS: Interval(0.75, 0.7, 0.8)},
        "1:1": {PHANTOMS: Interval(0.93, 0.9, 0.95), HYBRIDS: Interval(0.9, 0.85, 0.93)},
        "hybrids": {PHANTOMS: Interval(0.7, 0.6, 0.8), HYBRIDS: Interval(0.95, 0.9, 0.97)},
    }
    assert best_mixture(table) == "1:1"
    write_report(tmp_path / "table.md", table, CarryOverPlan(), "neolung-train carry-over")
    text = (tmp_path / "table.md").read_text()
    assert "SYNTHETIC" in text
    assert "| 1:1 | 50% | 0.930 (0.900 to 0.950) | 0.900 (0.850 to 0.930) |" in text
    assert "neolung-train carry-over" in text
