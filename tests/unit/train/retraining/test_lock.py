"""Locked babies stay locked, however the films of a site grow."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.data.index import IndexedFilm
from train.errors import UnusableSplit
from train.retraining.lock import Lock, deal, mark, read_lock, refuse_learnt


def _film(patient: str, number: int = 0, **changes: object) -> IndexedFilm:
    film = IndexedFilm(Path(f"{patient}-{number}.png"), None, patient, None, 0, (64, 64))
    return replace(film, **changes)  # type: ignore[arg-type]


patients = st.lists(st.text("abcdef0123456789", min_size=4, max_size=8), min_size=1, max_size=40, unique=True)


@given(patients, patients)
@settings(max_examples=60, deadline=None)
def test_a_baby_keeps_its_place_when_others_come(
    tmp_path_factory: pytest.TempPathFactory, early: list[str], late: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lock") / "locked.json"
    first, _ = deal([_film(patient) for patient in early], path)
    second, lock = deal([_film(patient) for patient in sorted({*early, *late})], path)
    places = {film.patient: film.split for film in second}
    assert {film.patient: film.split for film in first}.items() <= places.items()
    assert lock.locked == {patient for patient, split in places.items() if split == "test"}


def test_the_hash_alone_gives_the_same_places(tmp_path: Path) -> None:
    films = [_film(f"baby-{number}") for number in range(300)]
    one, lock = deal(films, tmp_path / "one.json")
    other, _ = deal(list(reversed(films)), tmp_path / "other.json")
    assert {film.patient: film.split for film in one} == {film.patient: film.split for film in other}
    assert (len(lock.locked), len(lock.validation), len(lock.training)) == (60, 45, 195)


@given(st.lists(st.booleans(), min_size=10, max_size=60))
@settings(max_examples=40, deadline=None)
def test_each_class_has_its_share_of_locked_babies(
    tmp_path_factory: pytest.TempPathFactory, labels: list[bool]
) -> None:
    films = [_film(f"baby-{number}", rds=label) for number, label in enumerate(labels)]
    dealt, _ = deal(films, tmp_path_factory.mktemp("lock") / "locked.json")
    for label in (True, False):
        places = [film.split for film in dealt if film.rds is label]
        assert abs(places.count("test") - 0.2 * len(places)) <= 0.5
        assert abs(places.count("val") - 0.15 * len(places)) <= 1.0


def test_who_was_learnt_from_is_never_locked_later(tmp_path: Path) -> None:
    path = tmp_path / "locked.json"
    first, _ = deal([_film(f"baby-{number}") for number in range(7)], path)
    learnt = {film.patient for film in first if film.split == "train"}
    for count in range(8, 60):
        _, lock = deal([_film(f"baby-{number}") for number in range(count)], path)
        assert not learnt & lock.locked


def test_films_of_one_baby_and_films_that_look_alike_go_together(tmp_path: Path) -> None:
    films = [_film("a", number) for number in range(3)]
    twin = "00ff00ff00ff00ff0123456789abcdef" * 2
    films += [_film("b", perceptual_hash=twin), _film("c", perceptual_hash=twin)]
    dealt, _ = deal(films, tmp_path / "locked.json")
    assert len({film.split for film in dealt[:3]}) == 1
    assert dealt[3].split == dealt[4].split


def test_a_film_said_to_be_for_the_test_is_locked(tmp_path: Path) -> None:
    films = [_film(f"baby-{number}", split="test") for number in range(20)]
    dealt, lock = deal(films, tmp_path / "locked.json")
    assert {film.split for film in dealt} == {"test"}
    assert len(lock.locked) == 20


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "x", "locked": [], "validation": [], "training": []}']
)
def test_a_damaged_lock_is_never_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "locked.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UnusableSplit, match="put the original back"):
        deal([_film("a")], path)
    assert path.read_text(encoding="utf-8") == content


def test_babies_that_were_learnt_from_are_no_test() -> None:
    lock = Lock(frozenset({"a", "b"}))
    refuse_learnt(lock, [mark("c")], "site 1")
    with pytest.raises(UnusableSplit, match="1 of 2 locked babies were learnt from by site 1"):
        refuse_learnt(lock, [mark("a"), mark("c")], "site 1")


def test_the_lock_names_pseudonyms_only_once(tmp_path: Path) -> None:
    path = tmp_path / "locked.json"
    deal([_film("a", number) for number in range(5)], path)
    document = json.loads(path.read_text(encoding="utf-8"))
    assert sum(len(document[key]) for key in ("locked", "validation", "training")) == 1
    assert read_lock(path) == Lock(training=frozenset({"a"}))
