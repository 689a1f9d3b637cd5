"""One exposure under two pseudonyms is one baby, whether or not the index says what films look like."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.bundles import make_tiny_bundle
from tests.support.two_lungs import two_lung_films
from train.data import IndexedFilm, write_index
from train.data.leaks import refuse_leaks
from train.data.splits import TEST, TRAIN, VALIDATION, babies
from train.errors import UnusableIndex
from train.retraining.command import Retraining, run_retrain
from train.retraining.fingerprints import KEPT_NAME, with_fingerprints
from train.retraining.lock import LOCK_NAME, deal, read_lock

BABIES = 20


@pytest.fixture
def described(tmp_path: Path) -> list[IndexedFilm]:
    """As `neolung-train prepare` describes them, with what they look like."""
    return two_lung_films(tmp_path / "films", BABIES)


@pytest.fixture
def bare(described: list[IndexedFilm]) -> list[IndexedFilm]:
    """The same as `neolung export` writes them."""
    return [replace(film, digest="", perceptual_hash="") for film in described]


def _with_twins(films: list[IndexedFilm]) -> list[IndexedFilm]:
    """Put every film under a second pseudonym as well."""
    twins = [
        replace(film, path=film.path.with_name(f"twin-{film.path.name}"), patient=f"twin of {film.patient}")
        for film in films
    ]
    for film, twin in zip(films, twins, strict=True):
        shutil.copy(film.path, twin.path)
    return [*films, *twins]


def test_they_are_those_of_prepared_films(
    described: list[IndexedFilm], bare: list[IndexedFilm], tmp_path: Path
) -> None:
    assert with_fingerprints(bare, tmp_path / "run") == described
    half = [replace(bare[0], digest="as stated"), *described[1:]]
    assert with_fingerprints(half, tmp_path / "run") == [
        replace(described[0], digest="as stated"),
        *described[1:],
    ]


def test_films_with_both_are_not_read(described: list[IndexedFilm], tmp_path: Path) -> None:
    described[0].path.write_bytes(b"no picture")
    assert with_fingerprints(described, tmp_path / "run") == described
    assert not (tmp_path / "run").exists()


def test_a_film_is_read_again_only_when_it_changed(
    described: list[IndexedFilm], bare: list[IndexedFilm], tmp_path: Path
) -> None:
    with_fingerprints(bare, tmp_path / "run")
    film, stated = bare[3].path, bare[3].path.stat()
    film.write_bytes(bytes(stated.st_size))
    os.utime(film, ns=(stated.st_atime_ns, stated.st_mtime_ns))
    assert with_fingerprints(bare, tmp_path / "run") == described
    os.utime(film, ns=(stated.st_atime_ns, stated.st_mtime_ns + 1_000_000))
    again = with_fingerprints(bare, tmp_path / "run")
    assert again == [*described[:3], bare[3], *described[4:]], "a film that cannot be read stays without"


def test_what_was_kept_may_be_damaged(
    described: list[IndexedFilm], bare: list[IndexedFilm], tmp_path: Path
) -> None:
    for damage in ("", "[]", '{"a": 1}', "null"):
        (tmp_path / KEPT_NAME).write_text(damage, encoding="utf-8")
        assert with_fingerprints(bare, tmp_path) == described


def test_one_film_under_two_pseudonyms_is_one_unit(bare: list[IndexedFilm], tmp_path: Path) -> None:
    films = with_fingerprints(_with_twins(bare), tmp_path / "run")
    assert sorted(babies(films)) == [(i, i + BABIES) for i in range(BABIES)]
    dealt, _ = deal(films, tmp_path / "locked.json")
    refuse_leaks(dealt)
    assert {film.split for film in dealt} == {TEST, VALIDATION, TRAIN}


def test_what_is_locked_is_never_learnt_from_under_another_pseudonym(
    bare: list[IndexedFilm], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    data = tmp_path / "films"
    films = [replace(film, rds=None, attributes={"mask_by": "machine"}) for film in _with_twins(bare)]
    write_index(data, films)
    start = make_tiny_bundle(tmp_path / "start")
    with pytest.raises(UnusableIndex, match="nothing to learn"):
        run_retrain(Retraining(data, tmp_path / "out", start, run=tmp_path / "run", budget="tiny"))
    lock = read_lock(data / LOCK_NAME)
    for dealt in (lock.locked, lock.validation, lock.training):
        assert dealt
        assert {film.patient for film in films if f"twin of {film.patient}" in dealt} < dealt
    assert (tmp_path / "run" / KEPT_NAME).is_file()
