"""Films are dealt as the paper says, or by patient; a frozen split is not changed; leaks are found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.data import IndexedFilm, write_index
from train.data.frozen import SPLIT_NAME, freeze, thaw
from train.data.leaks import find_leaks, refuse_leaks
from train.data.prepared import films_with_lungs, read_prepared
from train.data.splits import Split, given_split, paper_split, patient_folds
from train.errors import UnusableIndex, UnusableSplit

LABELS = st.sampled_from([None, False, True])
ROWS = st.lists(st.tuples(LABELS, st.integers(0, 5), st.integers(0, 12)), min_size=5, max_size=60)


def _film(number: int, *, rds: bool | None = None, area: int = 100, patient: str = "") -> IndexedFilm:
    path = Path(f"film-{number}.png")
    return IndexedFilm(path, None, patient or f"p{number}", rds, area, (3, 4), digest=f"d{number}")


def _films(rows: Sequence[tuple[bool | None, int, int]]) -> list[IndexedFilm]:
    return [
        _film(i, rds=rds, area=area, patient=f"p{patient}") for i, (rds, area, patient) in enumerate(rows)
    ]


def _all(split: Split) -> list[int]:
    return sorted(i for group in split.groups for i in group)


@settings(deadline=None, max_examples=80)
@given(ROWS)
def test_every_film_is_dealt_once_and_classes_and_areas_evenly(
    rows: list[tuple[bool | None, int, int]],
) -> None:
    films = _films(rows)
    split = paper_split(films)

    assert _all(split) == list(range(len(films)))
    for label in (None, False, True):
        sizes = [sum(films[i].rds is label for i in group) for group in split.groups]
        assert max(sizes) - min(sizes) <= 1
        areas = sorted(film.roi_area for film in films if film.rds is label)
        for number, group in enumerate(split.groups):
            assert sorted(films[i].roi_area for i in group if films[i].rds is label) == areas[number::5]


def test_the_papers_632_films_fall_into_groups_of_128_and_126() -> None:
    """341 with and 291 without the disease, dealt round, give the group that fits the paper's figures."""
    areas = np.random.default_rng(0).permutation(632)
    split = paper_split([_film(i, rds=i < 341, area=int(areas[i])) for i in range(632)])

    assert [len(group) for group in split.groups] == [128, 126, 126, 126, 126]
    assert (split.test, split.validation, split.training) == ((0,), (1,), (2, 3, 4))


@settings(deadline=None, max_examples=80)
@given(ROWS.filter(lambda rows: len({patient for _, _, patient in rows}) >= 5))
def test_no_patient_is_in_two_groups_and_every_fold_is_tested_once(
    rows: list[tuple[bool | None, int, int]],
) -> None:
    films = _films(rows)
    folds = patient_folds(films)

    assert len(folds) == 5
    assert sorted(group for fold in folds for group in fold.test) == [0, 1, 2, 3, 4]
    for fold in folds:
        assert _all(fold) == list(range(len(films)))
        assert {*fold.test, *fold.validation, *fold.training} == {0, 1, 2, 3, 4}
        assert find_leaks(fold.written(films)) == []
    sizes = [len({films[i].patient for i in group}) for group in folds[0].groups]
    assert max(sizes) - min(sizes) <= 3


def test_patients_who_share_an_exposure_stay_together() -> None:
    films = [replace(_film(i), perceptual_hash="ab" * 32 if i in (2, 7) else "") for i in range(10)]

    written = patient_folds(films)[0].written(films)
    assert written[2].split == written[7].split
    assert find_leaks(written) == []


def test_a_given_split_is_taken_as_it_is() -> None:
    words = ["train", "val", "adults", "train", "test"]
    films = [replace(_film(i), split=word) for i, word in enumerate(words)]
    split = given_split(films)

    assert split.words == ("train", "val", "test", "adults")
    assert split.groups == ((0, 3), (1,), (4,), (2,))
    assert (split.training, split.validation, split.test) == ((0,), (1,), (2, 3))
    assert split.written(films) == films
    assert [film.split for film in split.films(films, split.test)] == ["adults", "test"]
    with pytest.raises(UnusableSplit, match=r"film-0\.png has no word in the column split"):
        given_split([_film(0)])


def test_too_few_films_cannot_be_dealt() -> None:
    films = [_film(i, patient="one" if i < 3 else "") for i in range(6)]

    with pytest.raises(UnusableSplit, match="4 films cannot be dealt into 5 groups"):
        paper_split(films[:4])
    with pytest.raises(UnusableSplit, match="4 patients cannot be dealt into 5 groups"):
        patient_folds(films)
    with pytest.raises(UnusableSplit, match="at least 3"):
        patient_folds(films, 2)
    assert len(patient_folds(films, 4)) == 4


def test_a_frozen_split_comes_back_and_stays(tmp_path: Path) -> None:
    films = [_film(i, rds=i % 2 == 0, area=i) for i in range(20)]
    split = patient_folds(films)[0]
    films = split.written(films)
    digest = freeze(tmp_path / SPLIT_NAME, split, films)

    assert thaw(tmp_path / SPLIT_NAME, films) == split
    assert freeze(tmp_path / SPLIT_NAME, split, films) == digest
    with pytest.raises(UnusableSplit, match="prepare into another folder"):
        freeze(tmp_path / SPLIT_NAME, split.turned(1), films)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda film: replace(film, rds=None), "frozen for other films"),
        (lambda film: replace(film, roi_area=7), "frozen for other films"),
        (lambda film: replace(film, digest="other"), "frozen for other films"),
        (lambda film: replace(film, patient="other"), "frozen for other films"),
        (lambda film: replace(film, split="mine"), r"line 2: split is 'mine', but split\.json has"),
    ],
)
def test_a_changed_index_is_refused(tmp_path: Path, change: object, message: str) -> None:
    films = [_film(i, rds=True) for i in range(8)]
    split = paper_split(films)
    films = split.written(films)
    freeze(tmp_path / SPLIT_NAME, split, films)

    with pytest.raises(UnusableSplit, match=message):
        thaw(tmp_path / SPLIT_NAME, [change(films[0]), *films[1:]])  # type: ignore[operator]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"paper"', '"fair"', "its digest does not match"),
        ('"format": 1', '"format": 2', "its digest does not match"),
        ("{", "", "cannot be read as JSON"),
    ],
)
def test_a_changed_split_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    films = [_film(i) for i in range(8)]
    path = tmp_path / SPLIT_NAME
    freeze(path, paper_split(films), films)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    with pytest.raises(UnusableSplit, match=message):
        thaw(path, films)


@pytest.mark.parametrize(
    ("shared", "kind"),
    [
        ({"patient": "same"}, "patient"),
        ({"sop_instance_uid": "1.2.3"}, "SOP Instance UID"),
        ({"digest": "same"}, "same pixels"),
        ({"perceptual_hash": "3c" * 32}, "look-alike"),
    ],
)
def test_what_two_splits_share_is_found_and_refused(shared: dict[str, str], kind: str) -> None:
    films = [replace(_film(i), split="train" if i < 2 else "val") for i in range(4)]
    films[1], films[3] = replace(films[1], **shared), replace(films[3], **shared)  # type: ignore[arg-type]

    (leak,) = find_leaks(films)
    assert (leak.kind, leak.first, leak.second) == (kind, 1, 3)
    with pytest.raises(
        UnusableSplit, match=rf"{kind} .*line 3 film-1\.png in train, line 5 film-3\.png in val"
    ):
        refuse_leaks(films)
    refuse_leaks([replace(film, split="train") for film in films])


def test_a_prepared_folder_is_read_only_as_it_was_dealt(tmp_path: Path) -> None:
    films = [replace(_film(i), path=tmp_path / f"film-{i}.png") for i in range(8)]
    for film in films:
        film.path.touch()
    split = paper_split(films)
    films = split.written(films)
    write_index(tmp_path, films)
    freeze(tmp_path / SPLIT_NAME, split, films)
    assert read_prepared(tmp_path) == films
    assert Counter(film.split for film in films) == {"train": 4, "val": 2, "test": 2}

    write_index(tmp_path, films[1:])
    with pytest.raises(UnusableSplit, match="frozen for other films"):
        read_prepared(tmp_path)
    (tmp_path / SPLIT_NAME).unlink()
    write_index(tmp_path, [replace(film, patient="one") for film in films])
    with pytest.raises(UnusableSplit, match="share films of one baby: patient"):
        read_prepared(tmp_path)


def test_films_without_lungs_are_left_out_and_none_is_said(tmp_path: Path) -> None:
    films = [replace(_film(i), split="train") for i in range(2)]
    films[0] = replace(films[0], mask=Path("mask.png"))

    assert films_with_lungs(films, "train") == films[:1]
    with pytest.raises(UnusableIndex, match=r"no film of split val has a lung mask \(splits: train\)"):
        films_with_lungs(films, "val")
