"""A whole reproduction of a tiny index: trained, measured, written, resumed; and what it refuses."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.support.two_lungs import two_lung_films
from train.cli import app
from train.data import IndexedFilm, write_index
from train.errors import TrainError, UnknownRecipe, UnusableIndex, UnusableRun, UnusableSplit
from train.named_recipes import Changes
from train.reproduction.command import FIGURES, FILMS, TABLES, run_reproduce
from train.reproduction.films import read_groups, stress_sets
from train.reproduction.plan import plan_of
from train.reproduction.table1 import variants

pytest.importorskip("torch")
CHANGES = Changes(size=64, threads=1)


@pytest.mark.slow
def test_a_tiny_index_gives_all_three_tables_and_is_not_trained_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films, out = tmp_path / "films", tmp_path / "out"
    two_lung_films(films, 30)

    text = run_reproduce(films, out, "tiny", changes=CHANGES)

    assert text == (out / TABLES).read_text(encoding="utf-8")
    for demanded in (
        "SYNTHETIC",
        "## Table 1",
        "## Table 2",
        "## Table 3",
        "0.913",
        "random weights",
        "1 epoch at",
    ):
        assert demanded in text, demanded
    rows = list(csv.DictReader((out / FIGURES).read_text(encoding="utf-8").splitlines()))
    assert {row["table"] for row in rows} == {"1", "2", "3"}
    means = [row for row in rows if row["figure"] == "miou_fg_image" and row["group"] == "validation"]
    assert [row["paper"] for row in means[:4]] == ["0.834", "0.847", "0.913", ""]
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in means)
    measured = (out / FILMS).read_text(encoding="utf-8").splitlines()
    assert len(measured) == 1 + 2 * 6 * 3 * 4  # two groups of six films, three sets, four variants

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a finished training was done again")

    monkeypatch.setattr("train.fit._train_epoch", refuse)
    again = run_reproduce(films, out, "tiny", changes=CHANGES)
    assert _figures(again) == _figures(text)


def _figures(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_films_without_labels_give_table_1_alone(tmp_path: Path) -> None:
    films = [replace(film, rds=None) for film in two_lung_films(tmp_path / "films", 10)]
    write_index(tmp_path / "films", films)

    arguments = ["reproduce", str(tmp_path / "films"), "--out", str(tmp_path / "out"), "--budget", "tiny"]
    result = CliRunner().invoke(app, [*arguments, "--size", "64", "--threads", "1"])

    assert result.exit_code == 0, result.output
    assert "## Table 1" in result.output
    assert "need a label for each film" in result.output


def test_the_papers_groups_are_dealt_where_every_patient_has_one_film(tmp_path: Path) -> None:
    films = two_lung_films(tmp_path, 20)
    groups = read_groups(tmp_path, "auto")
    assert (len(groups.training), len(groups.validation), len(groups.test)) == (12, 4, 4)
    assert "as in the paper" in groups.dealt

    write_index(tmp_path, [replace(film, patient=f"baby-{i // 2}") for i, film in enumerate(films)])
    groups = read_groups(tmp_path, "auto")
    assert "by patient" in groups.dealt
    patients = [{film.patient for film in part} for part in (groups.training, groups.validation, groups.test)]
    assert sum(map(len, patients)) == len(set.union(*patients)) == 10

    split = ["train"] * 12 + ["val"] * 4 + ["test"] * 4
    write_index(tmp_path, [replace(film, split=word) for film, word in zip(films, split, strict=True)])
    groups = read_groups(tmp_path, "auto")
    assert [film.path.name for film in groups.test] == [film.path.name for film in films[16:]]


def test_stress_sets_turn_as_many_films_as_they_say() -> None:
    film = IndexedFilm(Path("a.png"), None, "p", None, 1, (4, 4))
    stored, few, all_turned = stress_sets([film] * 100)

    assert not stored.turns.any()
    assert np.count_nonzero(few.turns) == 8
    assert set(all_turned.turns) == {1, 3}
    assert set(few.turns) == {0, 1, 3}
    assert np.array_equal(few.turns, stress_sets([film] * 100)[1].turns)


def test_the_area_limit_is_the_papers_where_the_lungs_are_the_papers() -> None:
    """100,000 of 1024 x 1024 pixels are lung on average: rotated from 30,000 down."""
    film = IndexedFilm(Path("a.png"), None, "p", None, 100_000, (1024, 1024))

    ways = variants([film])

    assert ways["+ rotation"].rotation_area == 30_000
    assert ways["+ median filter"].rotation_area == -1
    assert (ways["U-Net"].median_size, ways["+ median filter"].median_size) == (1, 5)
    assert ways["+ choice of orientation"].profile == "recommended"


def test_what_cannot_be_had_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.pretrained._answers", lambda address: False)
    monkeypatch.setenv("HF_HUB_CACHE", "/nonexistent")

    plan = plan_of("small", Changes(), ("b0", "lite0"))

    assert [settings.start for settings in plan.findings] == ["none", "auto"]
    assert any("tf_efficientnet_b0 started from RANDOM weights" in note for note in plan.notes)


def _one_class(films: list[IndexedFilm]) -> list[IndexedFilm]:
    return [replace(film, rds=True) for film in films]


def _split_patient(films: list[IndexedFilm]) -> list[IndexedFilm]:
    split = ["train"] * 6 + ["val"] * 2 + ["test"] * 2
    return [
        replace(film, split=word, patient=f"baby-{i // 4}")
        for i, (film, word) in enumerate(zip(films, split, strict=True))
    ]


def _no_lungs(films: list[IndexedFilm]) -> list[IndexedFilm]:
    return [replace(film, mask=None, roi_area=0) for film in films]


def _two_films(films: list[IndexedFilm]) -> list[IndexedFilm]:
    return [*films[:6], *_one_class(films[6:])]


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (_one_class, UnusableIndex, r"0 films with rds 0 and 10 with rds 1; five groups need at least 5"),
        (_two_films, UnusableIndex, r"3 films with rds 0 and 7 with rds 1"),
        (_split_patient, UnusableSplit, r"line \d+"),
        (_no_lungs, UnusableIndex, "no film with a lung outline; draw outlines"),
    ],
)
def test_an_index_that_cannot_be_used_is_refused_with_the_cure(
    spoil: "type[_one_class]", error: type[TrainError], message: str, tmp_path: Path
) -> None:
    write_index(tmp_path, spoil(two_lung_films(tmp_path, 10)))

    with pytest.raises(error, match=message):
        run_reproduce(tmp_path, tmp_path / "out", "tiny")


def test_a_mask_of_another_size_is_named(tmp_path: Path) -> None:
    films = two_lung_films(tmp_path, 10)
    mask = films[3].mask
    assert mask is not None
    from PIL import Image

    Image.new("L", (20, 20)).save(mask)

    with pytest.raises(UnusableIndex, match=r"film-003"):
        run_reproduce(tmp_path, tmp_path / "out", "tiny", changes=CHANGES)


def test_other_films_are_not_mixed_into_a_begun_folder(tmp_path: Path) -> None:
    from train.reproduction.command import _require_same_films

    plan = plan_of("tiny", CHANGES)
    two_lung_films(tmp_path, 20)
    _require_same_films(tmp_path, read_groups(tmp_path, "auto"), plan)
    two_lung_films(tmp_path, 22)

    with pytest.raises(UnusableRun, match="begun with other films"):
        _require_same_films(tmp_path, read_groups(tmp_path, "auto"), plan)


@pytest.mark.parametrize(
    ("budget", "dealing", "message"),
    [
        ("huge", "auto", "there are tiny, small, paper"),
        ("tiny", "random", "there are auto, paper, patient, given"),
    ],
)
def test_a_wrong_word_is_answered_by_the_right_ones(
    budget: str, dealing: str, message: str, tmp_path: Path
) -> None:
    two_lung_films(tmp_path, 10)

    with pytest.raises((UnknownRecipe, UnusableSplit), match=message):
        run_reproduce(tmp_path, tmp_path / "out", budget, dealing=dealing)
