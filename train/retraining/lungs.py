"""The segmenter goes on learning from outlines that people drew, and finds lungs in films it did not see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from train.data.index import IndexedFilm
from train.data.splits import TRAIN, VALIDATION, babies
from train.film_sets import FilmCutter, cut_once
from train.films import concatenate, square_films
from train.finders import LungFinder, lung_finder, run_finder
from train.lungs import LungSettings, train_lungs
from train.phantom_sets import phantom_squares
from train.retraining.plan import RetrainPlan
from train.retraining.start import StartBundle, as_run

MASK_BY = "mask_by"
"""Column of the index: who drew the outline."""
MACHINE = "machine"
LEAST_FILMS = 4
"""Outlined films in each split below which the segmenter stays as it is."""


class LungSchool:
    """Trainings of the segmenter, all from the bundle's weights.

    Parameters
    ----------
    films
        With their splits.
    run
        Folder of checkpoints and caches.
    """

    def __init__(
        self, films: Sequence[IndexedFilm], start: StartBundle, plan: RetrainPlan, run: Path
    ) -> None:
        self._training = [film for film in films if film.split == TRAIN and is_drawn(film)]
        self._validation = [film for film in films if film.split == VALIDATION and is_drawn(film)]
        self._start, self._plan, self._run = start, plan, run
        segmenter = start.manifest.segmenter
        self._settings = LungSettings(
            architecture=segmenter.architecture,
            profile=start.profile,
            size=segmenter.preprocessing.size,
            start="bundle",
            fit=plan.lungs,
        )

    @property
    def can_learn(self) -> bool:
        """Whether people outlined enough films."""
        return min(len(self._training), len(self._validation)) >= LEAST_FILMS

    def learn(self) -> Path:
        """Train on all films to learn from; gives the run folder."""
        return self._train(self._training, self._run / "lungs")

    def finder(self) -> LungFinder:
        """Give the segmenter that will serve."""
        return self._served(self.learn()) if self.can_learn else lung_finder(self._start.path)

    def crops(self, films: Sequence[IndexedFilm], size: int) -> NDArray[np.uint8]:
        """Cut films to learn from by drawn lungs, and by those of a segmenter that had not seen them.

        Returns
        -------
        ndarray
            uint8 (N, 2, size, size), in the order of the films.
        """
        folds = self._plan.folds if self.can_learn else 0
        if folds < 2:
            return self._cut(films, size, self.finder())
        number = _fold_numbers(films, folds)
        crops = np.empty((len(films), 2, size, size), np.uint8)
        for fold in range(folds):
            chosen = [i for i, its in enumerate(number) if its == fold]
            if chosen:
                part = [films[i] for i in chosen]
                crops[chosen] = self._cut(part, size, self._without(part, fold))
        return crops

    def shown(self, films: Sequence[IndexedFilm], size: int) -> NDArray[np.uint8]:
        """Cut films that nothing was learnt from, by drawn lungs and by those that will be found."""
        return self._cut(films, size, self.finder())

    def _without(self, films: Sequence[IndexedFilm], fold: int) -> LungFinder:
        """Train without the babies of these films."""
        left_out = {film.patient for film in films}
        others = [film for film in self._training if film.patient not in left_out]
        return self._served(self._train(others or self._training, self._run / f"lungs-fold-{fold}"))

    def _train(self, films: Sequence[IndexedFilm], run: Path) -> Path:
        settings, cache = self._settings, self._run / "cache"
        size, profile = settings.cache_size, settings.profile
        training = square_films(films, size, cache, profile)
        if self._plan.rehearsal and profile == "recommended":
            training = concatenate([training, phantom_squares(range(self._plan.rehearsal), size, cache)])
        validation = square_films(self._validation, size, cache, profile)
        from_bundle = as_run(self._start, self._start.manifest.segmenter, self._run / "start-lungs")
        train_lungs(training, validation, settings, run, start=from_bundle)
        return run

    def _served(self, run: Path) -> LungFinder:
        return run_finder(run, self._start.manifest.segmenter)

    def _cut(self, films: Sequence[IndexedFilm], size: int, finder: LungFinder) -> NDArray[np.uint8]:
        cutter = FilmCutter(self._start.profile, size, True, finder.segmenter, finder.digest)
        return cut_once(films, cutter, self._run / "cache")


def is_drawn(film: IndexedFilm) -> bool:
    """Whether a person outlined the lungs, or nobody says that it was a machine."""
    return film.mask is not None and film.attributes.get(MASK_BY, "") != MACHINE


def _fold_numbers(films: Sequence[IndexedFilm], folds: int) -> list[int]:
    """Deal babies into folds by their order."""
    number = [0] * len(films)
    for rank, unit in enumerate(babies(films)):
        for i in unit:
            number[i] = rank % folds
    return number
