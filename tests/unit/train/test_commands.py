"""From an index to a proven bundle by the commands a site would type."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.bundle import load_bundle
from tests.support.two_lungs import two_lung_films
from train.cli import app
from train.data import read_mask, read_pixels, write_index
from train.errors import TrainError, UnprovenBundle, UnusableFolder, UnusableIndex, UnusableRun
from train.exporting import run_export
from train.film_sets import FilmCutter, film_crops
from train.films import square_films

pytest.importorskip("torch")
TINY = (
    "--encoder",
    "test_efficientnet",
    "--size",
    "64",
    "--epochs",
    "1",
    "--weights",
    "none",
    "--threads",
    "1",
)
SPLIT = ["train"] * 12 + ["val"] * 4 + ["test"] * 4


def _prepared(folder: Path) -> None:
    films = two_lung_films(folder, 20, provenance="STAND-IN label")
    write_index(folder, [replace(film, split=word) for film, word in zip(films, SPLIT, strict=True)])


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["recommended", "paper"])
def test_an_index_becomes_a_bundle_that_serves_what_was_trained(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films, lungs, findings, further = (tmp_path / name for name in ("films", "lungs", "findings", "further"))
    out = tmp_path / "bundle"
    _prepared(films)

    _run("segment", "--films", films, "--run", lungs, "--recipe", f"{profile}-lungs", "--phantoms", 0, *TINY)
    said = _run(
        *("classify", "--films", films, "--run", findings, "--lungs", lungs),
        *("--recipe", f"{profile}-findings", *TINY),
    )
    assert "(STAND-IN)" in said
    _run(
        *("combined", "--findings", findings, "--run", further, "--films", films, "--lungs", lungs),
        *("--recipe", f"{profile}-combined", "--epochs", 1, "--threads", 1),
    )
    assert json.loads((further / "settings.json").read_text(encoding="utf-8"))["profile"] == profile
    said = _run("export", "--lungs", lungs, "--findings", further, "--out", out, "--films", films)

    assert "served as in training: masks of 16 films IoU at least" in said
    manifest = load_bundle(out, device="cpu").manifest
    assert manifest.segmenter.postprocessing.profile == profile
    assert manifest.segmenter.preprocessing.fit == ("stretch" if profile == "paper" else "letterbox")
    assert manifest.classifier.crop.frame == ("film" if profile == "paper" else "lungs")

    before = (out / "manifest.json").read_bytes()
    monkeypatch.setattr("train.proof.LARGEST_DIFFERENCE", -1.0)
    with pytest.raises(UnprovenBundle, match="serves other answers than the training code gives"):
        run_export(lungs, further, out, name="site", version="2", films=films)
    assert (out / "manifest.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_runs_of_different_profiles_make_no_bundle(tmp_path: Path) -> None:
    for name, profile in (("lungs", "paper"), ("findings", "recommended")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.json").write_text(json.dumps({"profile": profile}), encoding="utf-8")
    (tmp_path / "findings" / "operating_point.json").write_text("{}", encoding="utf-8")

    with pytest.raises(UnusableRun, match="train both in one"):
        run_export(tmp_path / "lungs", tmp_path / "findings", tmp_path / "out", name="a", version="1")


def test_the_paper_shows_whole_films_black_outside_the_lungs(tmp_path: Path) -> None:
    film = two_lung_films(tmp_path, 1)[0]

    (crop,) = FilmCutter("paper", 64).cut([film])[0]

    lungs = read_mask(film) == 1
    assert not crop[~lungs].any()
    from pipeline.pixels.grayscale import GreyScale

    expected = np.rint(read_pixels(film, GreyScale.PAPER) * 255)
    assert np.abs(crop[lungs] - expected[lungs]).max() <= 1


def test_the_paper_stretches_films_and_the_recommended_way_keeps_their_shape(tmp_path: Path) -> None:
    film = two_lung_films(tmp_path, 1)[0]
    from PIL import Image

    from train.data.describe import Candidate, describe
    from train.data.masks import write_mask

    Image.fromarray(np.tile(np.arange(64, dtype=np.uint8) * 3, (40, 1))).save(film.path)
    assert film.mask is not None
    write_mask(film.mask, np.ones((40, 64), np.uint8) * (np.arange(64) > 20))
    tall = describe(Candidate(film.path, film.mask))

    stretched = square_films([tall], 64, tmp_path / "cache", "paper")
    letterboxed = square_films([tall], 64, tmp_path / "cache")
    assert stretched.images[0, [0, 63], 40].all()
    assert not letterboxed.images[0, [0, 63], 40].any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rds": True}, "all 4 films of split 'train' are with the finding"),
        ({"rds": None}, r"no label in the column rds"),
    ],
)
def test_labels_that_teach_nothing_are_refused(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    films = [replace(film, split="train", **changes) for film in two_lung_films(tmp_path, 4)]  # type: ignore[arg-type]

    with pytest.raises(UnusableIndex, match=message):
        film_crops(films, FilmCutter("paper", 64), tmp_path / "cache")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--recipe", "paper-lung"), "there are recommended-lungs, paper-lungs"),
        (("--size", "100"), "take a multiple of 32"),
        (("--encoder", "resnet50"), "no EfficientNet 'resnet50'"),
        (("--weights", "nowhere.pt"), "nowhere.pt cannot be read as weights"),
    ],
)
def test_a_wrong_option_is_answered_in_a_sentence(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    _prepared(tmp_path)
    result = CliRunner().invoke(
        app,
        ["segment", "--films", str(tmp_path), "--run", str(tmp_path / "run"), "--phantoms", "0", *arguments],
    )

    assert isinstance(result.exception, TrainError)
    assert message in str(result.exception)


def test_a_run_is_not_gone_on_with_in_another_way(tmp_path: Path) -> None:
    from train.checkpoint import CHECKPOINT, write_settings

    write_settings(tmp_path, {"size": 64, "fit": {"epochs": 3}})
    (tmp_path / CHECKPOINT).touch()
    write_settings(tmp_path, {"size": 64, "fit": {"epochs": 3, "recompute": False}})

    with pytest.raises(UnusableRun, match="started with size 64, not 96; use another folder"):
        write_settings(tmp_path, {"size": 96, "fit": {"epochs": 3}})


def test_an_export_replaces_nothing_but_a_bundle(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "films.csv").write_text("path\n", encoding="utf-8")
    with pytest.raises(UnusableFolder, match="holds files that would be lost"):
        run_export(tmp_path / "lungs", tmp_path / "findings", tmp_path / "out", name="a", version="1")
    assert (tmp_path / "out" / "films.csv").is_file()
