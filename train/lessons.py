"""What a classifier is shown: films of an index, phantoms, or both, with lungs outlined or found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from train.data import IndexedFilm
from train.data.prepared import films_with_lungs, read_prepared
from train.film_sets import FilmCutter, crop_of, film_crops
from train.finders import LungFinder
from train.findings import FindingSettings
from train.phantom_sets import CropMaker, LungCrops, join_crops, phantom_crops

_TRAINING_SEED, _VALIDATION_SEED = 10_000, 20_000
_LEAST_VALIDATION = 40
"""Phantoms; a quarter of the training ones where that is more."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Which films a classifier learns from.

    Attributes
    ----------
    films
        Prepared folder with labels; None: phantoms alone.
    phantoms
        Simulated films besides.
    lungs
        Bundle, or run folder of a segmenter, that finds the lungs; None: the bundle that ships.
    """

    films: Path | None
    phantoms: int
    lungs: Path | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """Crops to learn from and to choose by.

    Attributes
    ----------
    words
        SYNTHETIC and STAND-IN, where they apply.
    """

    training: LungCrops
    validation: LungCrops
    words: str


def show(lesson: Lesson, settings: FindingSettings, finder: LungFinder | None, cache: Path) -> Shown:
    """Cut all films, or load them from the cache.

    Parameters
    ----------
    finder
        None: by outlines alone. Otherwise by outlines and by found lungs in equal parts, or, in the paper's
        profile, by found ones alone.

    Raises
    ------
    UnusableIndex, UnusableSplit
        If the index cannot be used, a film has no label, or a class has no film.
    """
    index = read_prepared(lesson.films) if lesson.films else []
    held_back = max(_LEAST_VALIDATION, lesson.phantoms // 4) if lesson.phantoms else 0
    parts = []
    for split, seed, count in (
        ("train", _TRAINING_SEED, lesson.phantoms),
        ("val", _VALIDATION_SEED, held_back),
    ):
        crops = [_films(films_with_lungs(index, split), settings, finder, cache)] if index else []
        if count:
            crops.append(_phantoms(range(seed, seed + count), settings, finder, cache))
        parts.append(join_crops(*crops))
    return Shown(parts[0], parts[1], _words(index, lesson.phantoms))


def _films(
    films: Sequence[IndexedFilm], settings: FindingSettings, finder: LungFinder | None, cache: Path
) -> LungCrops:
    drawn = finder is None or settings.profile != "paper"
    found = (None, "") if finder is None else (finder.segmenter, finder.digest)
    return film_crops(films, FilmCutter(settings.profile, settings.size, drawn, *found), cache)


def _phantoms(seeds: range, settings: FindingSettings, finder: LungFinder | None, cache: Path) -> LungCrops:
    found = (None, "drawn") if finder is None else (finder.segmenter, finder.digest)
    crops = phantom_crops(seeds, CropMaker(crop_of(settings.profile), settings.size, *found), cache)
    if finder is None or settings.profile != "paper":
        return crops
    return LungCrops(crops.images[:, 1:], crops.labels, crops.diseases)


def _words(index: Sequence[IndexedFilm], phantoms: int) -> str:
    present = [word for word in ("SYNTHETIC", "STAND-IN") if any(word in film.provenance for film in index)]
    return ", ".join(dict.fromkeys([*(["SYNTHETIC"] if phantoms else []), *present]))
