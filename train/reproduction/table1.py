"""Table 1: the segmenter alone, with the median filter, with rotation, with the choice of orientation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.bundle.manifest import PostProcessing
from pipeline.pixels.grayscale import GreyScale
from pipeline.segment import LungSegmenter
from train.data import IndexedFilm, read_mask, read_pixels
from train.engine import RememberingEngine, TorchEngine, best_device, segmenter_of
from train.evaluation.overlap import Overlap, overlap
from train.evaluation.segmentation import SegmentationFigures, segmentation_figures
from train.film_sets import as_radiograph
from train.films import square_films
from train.lungs import LungSettings, train_lungs
from train.reproduction.films import Groups, Turned, stress_sets
from train.reproduction.plan import Plan

if TYPE_CHECKING:
    from torch import nn

AREA_GRID = 1024
"""Side of the square on which the paper's counts of lung pixels make sense."""
AREA_SHARE = 0.30
"""The paper rotates films with fewer than 30,000 lung pixels, where they have 100,000 on average."""
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Row1:
    """One line of Table 1.

    Attributes
    ----------
    group
        ``validation`` (the paper's) or ``test``.
    films
        Name of the set: as stored, or with films turned sideways.
    """

    group: str
    films: str
    variant: str
    figures: SegmentationFigures


@dataclass(frozen=True, slots=True)
class Measured:
    """One film under one variant, for the table of all films."""

    group: str
    films: str
    variant: str
    film: IndexedFilm
    turns: int
    overlap: Overlap

    def cells(self) -> dict[str, object]:
        """Give the cells of a CSV."""
        where = {"group": self.group, "films": self.films, "variant": self.variant}
        return {
            **where,
            "film": self.film.path.name,
            "patient": self.film.patient,
            "turns": self.turns,
        } | asdict(self.overlap)


def train_segmenter(groups: Groups, settings: LungSettings, out: Path) -> nn.Module:
    """Train the paper's segmenter, or go on with it."""
    cache = out / "cache"
    training, validation = (
        square_films(films, settings.cache_size, cache, settings.profile)
        for films in (groups.training, groups.validation)
    )
    return train_lungs(training, validation, settings, out / "lungs")


def variants(films: Sequence[IndexedFilm]) -> dict[str, PostProcessing]:
    """Give the four ways to make a mask from the same network.

    Parameters
    ----------
    films
        Whose mean lung area decides below which area a film is rotated.
    """
    fraction = float(np.mean([film.roi_area / (film.shape[0] * film.shape[1]) for film in films]))
    area = round(AREA_SHARE * fraction * AREA_GRID**2)
    never = {"profile": "paper", "canonical_size": AREA_GRID, "rotation_area": -1}
    return {
        "U-Net": PostProcessing.model_validate({**never, "median_size": 1}),
        "+ median filter": PostProcessing.model_validate(never),
        "+ rotation": PostProcessing.model_validate({**never, "rotation_area": area}),
        "+ choice of orientation": PostProcessing(expected_fraction=fraction),
    }


def measure(network: nn.Module, groups: Groups, plan: Plan) -> tuple[list[Row1], list[Measured]]:
    """Measure every variant on every set of validation and of test films, at the films' own resolution."""
    engine, ways = RememberingEngine(TorchEngine(network.to(best_device()))), variants(groups.training)
    measured: list[Measured] = []
    rows: list[Row1] = []
    for group, films in (("validation", groups.validation), ("test", groups.test)):
        for chosen in stress_sets(films):
            for name, postprocessing in ways.items():
                model = segmenter_of(plan.lungs.size, plan.lungs.profile, postprocessing)
                found = list(_overlaps(LungSegmenter(engine, model), chosen, plan.lungs))
                figures = segmentation_figures(found, [film.patient for film in films], plan.repeats)
                rows.append(Row1(group, chosen.name, name, figures))
                measured.extend(
                    Measured(group, chosen.name, name, film, int(turns), one)
                    for film, turns, one in zip(films, chosen.turns, found, strict=True)
                )
    return rows, measured


def _overlaps(segmenter: LungSegmenter, chosen: Turned, settings: LungSettings) -> Iterator[Overlap]:
    grey = GreyScale(settings.profile)
    for start in range(0, len(chosen.films), _AT_ONCE):
        part, turns = chosen.films[start : start + _AT_ONCE], chosen.turns[start : start + _AT_ONCE]
        pairs = [(film, int(turn)) for film, turn in zip(part, turns, strict=True)]
        radiographs = [as_radiograph(np.rot90(read_pixels(film, grey), turn), film) for film, turn in pairs]
        for (film, turn), found in zip(pairs, segmenter.segment(radiographs), strict=True):
            mask = np.rot90(read_mask(film), turn)
            spacing = film.spacing_mm if turn % 2 == 0 or film.spacing_mm is None else film.spacing_mm[::-1]
            yield overlap(found.lung_mask.pixels, mask == 1, mask != 2, spacing)
