"""Radiographs to lung masks on their own grids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline import postprocess
from pipeline.bundle.manifest import Preprocessing, Segmenter
from pipeline.engines import Engine
from pipeline.errors import EngineFailure
from pipeline.pixels.orientation import from_upright, to_upright
from pipeline.preprocess import Fit, fit_film, hide_outside, labels_to_film, to_film, to_square
from pipeline.values import LungMask, Orientation, Radiograph

Square = NDArray[np.float32]
_SURELY_BETTER = 0.05
"""Another orientation is chosen only when its score is higher by this."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentedFilm:
    """A mask, and how the film had to be turned for the network to find it.

    Attributes
    ----------
    extra_turns
        Counter-clockwise quarter turns after the header's orientation; 0 unless the first mask was poor.
    """

    lung_mask: LungMask
    extra_turns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """One film on the network's grid."""

    radiograph: Radiograph
    orientation: Orientation
    fit: Fit
    square: Square


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """One way to see a film: probability and mask on its square, after so many extra turns of the input."""

    probability: Square
    mask: NDArray[np.bool_]
    turns: int
    plausibility: float
    confidence: float

    @property
    def score(self) -> float:
        """What decides between orientations."""
        return self.plausibility * self.confidence


class LungSegmenter:
    """Finds the lungs of films in batches.

    Parameters
    ----------
    engine
        Ready to run the network that ``model`` describes.
    """

    def __init__(self, engine: Engine, model: Segmenter) -> None:
        self._engine = engine
        self._model = model
        self._settings = model.postprocessing

    def segment(self, radiographs: Sequence[Radiograph]) -> list[SegmentedFilm]:
        """Segment films, one run over all of them and one more over those that came out implausible."""
        films = [self._prepare(radiograph) for radiograph in radiographs]
        if not films:
            return []
        squares = [film.square for film in films]
        if self._settings.profile == "paper":
            return self._finish_paper(films, self._probabilities(squares))
        return self._finish_recommended(films, self._steadied(squares))

    def _prepare(self, radiograph: Radiograph) -> _Prepared:
        profile = self._model.preprocessing
        fit = fit_film(radiograph.shape, profile.size, profile.fit, aspect=radiograph.pixel_aspect)
        # The paper knew no orientation from the header: its films were taken as they were stored.
        orientation = Orientation() if self._settings.profile == "paper" else radiograph.orientation
        square = to_square(hide_outside(radiograph.pixels, radiograph.outside), fit)
        return _Prepared(radiograph, orientation, fit, to_upright(square, orientation))

    def _probabilities(self, squares: list[Square]) -> list[Square]:
        batch = standardise(np.stack(squares)[:, None], self._model.preprocessing)
        return list(sigmoid(require_finite(self._engine.run(batch)))[:, 0])

    def _steadied(self, squares: list[Square]) -> list[Square]:
        """Probabilities, averaged with those of the mirror images where the model asks for it."""
        if not self._settings.mirror:
            return self._probabilities(squares)
        both = self._probabilities([*squares, *(square[:, ::-1] for square in squares)])
        seen, mirrored = both[: len(squares)], both[len(squares) :]
        return [0.5 * (one + other[:, ::-1]) for one, other in zip(seen, mirrored, strict=True)]

    def _finish_paper(self, films: list[_Prepared], probabilities: list[Square]) -> list[SegmentedFilm]:
        small = [
            i for i, p in enumerate(probabilities) if postprocess.paper_needs_rotations(p, self._settings)
        ]
        if small:
            turned = self._probabilities([np.rot90(films[i].square, turn) for i in small for turn in (1, -1)])
            for position, i in enumerate(small):
                probabilities[i] = postprocess.average_rotations(*turned[2 * position : 2 * position + 2])
        return [self._paper_film(film, p) for film, p in zip(films, probabilities, strict=True)]

    def _paper_film(self, film: _Prepared, probability: Square) -> SegmentedFilm:
        mask = postprocess.paper_mask(probability, self._settings)
        confidence = postprocess.confidence_inside(probability, mask)
        pixels = labels_to_film(mask.astype(np.uint8), film.fit) > 0
        return SegmentedFilm(_lung_mask(film, pixels, None, confidence))

    def _finish_recommended(self, films: list[_Prepared], probabilities: list[Square]) -> list[SegmentedFilm]:
        first = [self._candidate(film, p, 0) for film, p in zip(films, probabilities, strict=True)]
        doubtful = [i for i, candidate in enumerate(first) if candidate.plausibility < 1]
        for i, others in zip(doubtful, self._turned([films[i] for i in doubtful]), strict=True):
            best = max(others, key=lambda candidate: candidate.score)
            if best.score > first[i].score + _SURELY_BETTER:
                first[i] = best
        return [self._recommended_film(film, candidate) for film, candidate in zip(films, first, strict=True)]

    def _turned(self, films: list[_Prepared]) -> list[list[_Candidate]]:
        """Try the three other orientations of each film in one run."""
        if not films:
            return []
        squares = [np.rot90(film.square, turns) for film in films for turns in (1, 2, 3)]
        answers = iter(self._steadied(squares))
        return [[self._candidate(film, next(answers), turns) for turns in (1, 2, 3)] for film in films]

    def _candidate(self, film: _Prepared, probability: Square, turns: int) -> _Candidate:
        mask = postprocess.recommended_mask(probability, self._settings)
        filled = film.fit.rows * film.fit.columns / film.fit.size**2
        plausibility = postprocess.plausibility(mask, self._settings, filled)
        confidence = postprocess.confidence_inside(probability, mask)
        return _Candidate(
            np.rot90(probability, -turns), np.rot90(mask, -turns), turns, plausibility, confidence
        )

    def _recommended_film(self, film: _Prepared, found: _Candidate) -> SegmentedFilm:
        settled = postprocess.enforce(found.probability, found.mask, self._settings)
        pixels = to_film(from_upright(settled, film.orientation), film.fit) >= self._settings.threshold
        sides = side_labels(found.mask) if film.orientation.known and not found.turns else None
        return SegmentedFilm(_lung_mask(film, pixels, sides, found.confidence), found.turns)


def standardise(squares: NDArray[np.float32], profile: Preprocessing) -> NDArray[np.float32]:
    """Grey values in [0, 1] to network input."""
    return np.ascontiguousarray((squares - profile.mean) / profile.deviation, np.float32)


def require_finite(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give logits back, or raise `EngineFailure`: NaN would compare as "absent", a silent negative."""
    if not np.isfinite(logits).all():
        raise EngineFailure("the network answered with NaN or infinity")
    return logits


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logistic function without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)


def side_labels(mask: NDArray[np.bool_]) -> NDArray[np.uint8] | None:
    """Label an upright square by the nearest lung: 1 right (at the left of the image), 2 left, everywhere.

    Returns
    -------
    ndarray or None
        None unless the mask has exactly two components that lie side by side.
    """
    from scipy.ndimage import center_of_mass, distance_transform_edt, label

    components, count = label(mask)
    if count != 2:
        return None
    one, other = center_of_mass(mask, components, [1, 2])
    if not postprocess.lie_side_by_side(one, other):
        return None
    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    first = components[tuple(nearest)] == 1
    return np.where(first == (one[1] < other[1]), 1, 2).astype(np.uint8)


def _lung_mask(
    film: _Prepared, found: NDArray[np.bool_], sides: NDArray[np.uint8] | None, confidence: float
) -> LungMask:
    """Put together what was found on the film's grid.

    Parameters
    ----------
    sides
        Labels on the upright square; None when the header does not say which side is which, or the lungs
        were found in another position than it says.
    """
    radiograph = film.radiograph
    pixels = found if radiograph.outside is None else found & ~radiograph.outside
    area = int(np.count_nonzero(pixels))
    spacing = radiograph.spacing
    return LungMask(
        pixels=pixels,
        labels=None if sides is None else _film_labels(film, pixels, sides),
        confidence=confidence,
        area_pixels=area,
        area_fraction=area / pixels.size,
        area_mm2=None if spacing is None else area * spacing.row_mm * spacing.column_mm,
        hidden_pixels=int(np.count_nonzero(found)) - area,
    )


def _film_labels(film: _Prepared, pixels: NDArray[np.bool_], sides: NDArray[np.uint8]) -> NDArray[np.uint8]:
    labels = labels_to_film(from_upright(sides, film.orientation), film.fit)
    return labels * pixels
