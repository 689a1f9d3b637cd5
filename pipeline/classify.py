"""Lungs cut out of a film, judged for respiratory distress syndrome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle.manifest import Classifier, LungCrop
from pipeline.engines import Engine
from pipeline.pixels.orientation import to_upright
from pipeline.preprocess import Box, crop_to_square, hide_outside
from pipeline.segment import SegmentedFilm, require_finite, sigmoid, standardise
from pipeline.values import Finding, PixelSpacing, Radiograph


class FindingClassifier:
    """Judges films whose lungs are known, in batches.

    Parameters
    ----------
    engine
        Ready to run the network that ``model`` describes.
    """

    def __init__(self, engine: Engine, model: Classifier) -> None:
        self._engine = engine
        self._model = model

    def classify(self, films: Sequence[tuple[Radiograph, SegmentedFilm]]) -> list[Finding]:
        """Judge films; every mask must hold at least one pixel."""
        if not films:
            return []
        crops = np.stack([self._crop(radiograph, segmented) for radiograph, segmented in films])[:, None]
        logits = require_finite(self._engine.run(standardise(crops, self._model.preprocessing)))[:, 0]
        probabilities = sigmoid(self._calibrated(logits))
        return [Finding(float(probability), self._model.threshold) for probability in probabilities]

    def _calibrated(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        return logits / np.float32(self._model.temperature) + np.float32(self._model.bias)

    def abstains(self, finding: Finding) -> bool:
        """Whether the probability is too near the middle to be told."""
        limits = self._model.abstention
        return limits.probability_from < finding.probability < limits.probability_to

    def _crop(self, radiograph: Radiograph, segmented: SegmentedFilm) -> NDArray[np.float32]:
        stored = crop_lungs(
            hide_outside(radiograph.pixels, radiograph.outside),
            segmented.lung_mask.pixels,
            Grid(radiograph.spacing, radiograph.pixel_aspect),
            self._model.crop,
            self._model.preprocessing.size,
        )
        turns = radiograph.orientation.quarter_turns + segmented.extra_turns
        return to_upright(stored, replace(radiograph.orientation, quarter_turns=turns))


@dataclass(frozen=True, slots=True)
class Grid:
    """How large a film's pixels are.

    Attributes
    ----------
    spacing
        None when unknown.
    aspect
        Height of a pixel over its width, known in any case.
    """

    spacing: PixelSpacing | None = None
    aspect: float = 1.0


def crop_lungs(
    pixels: NDArray[np.float32], mask: NDArray[np.bool_], grid: Grid, crop: LungCrop, size: int
) -> NDArray[np.float32]:
    """Cut the lungs out of a film and paint over what is not lung, as the crop's settings say.

    Parameters
    ----------
    pixels, mask
        (rows, columns); the mask has at least one pixel.

    Returns
    -------
    ndarray
        float32 (size, size) in [0, 1], turned as the film is stored.
    """
    whole = (0.0, 0.0, float(pixels.shape[0]), float(pixels.shape[1]))
    box = whole if crop.frame == "film" else lung_box(mask, crop.margin, grid.aspect)
    square = crop_to_square(pixels, box, size)
    if crop.background == "film":
        return square
    lungs = crop_to_square(mask.astype(np.float32), box, size) >= 0.5
    grown = crop.dilation_fraction * size
    if grid.spacing is not None:
        grown = crop.dilation_mm / grid.spacing.column_mm * size / (box[3] - box[1])
    level = float(square[lungs].mean()) if crop.background == "lung mean" and lungs.any() else 0.0
    weight = _soft(lungs, grown)
    return (weight * square + (1 - weight) * np.float32(level)).astype(np.float32)


def lung_box(mask: NDArray[np.bool_], margin: float, aspect: float = 1.0) -> Box:
    """Box a mask in a square of the patient, its longer side widened by the margin on both ends.

    Returns
    -------
    tuple
        Centred on the mask to half a pixel, so that a mirrored film is cut alike. May reach over the film's
        edge; not square in pixels when the pixels are not.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    half = max((bottom - top) * aspect, right - left) * (0.5 + margin)
    tall, wide = max(1.0, half / aspect), max(1.0, half)
    row, column = (top + bottom) / 2, (left + right) / 2
    return (row - tall, column - wide, row + tall, column + wide)


def _soft(lungs: NDArray[np.bool_], grown: float) -> NDArray[np.float32]:
    """1 inside the grown mask, falling to 0 over the same distance again; not grown, its edge is hard."""
    from scipy.ndimage import distance_transform_edt

    if not lungs.any():
        return np.ones(lungs.shape, np.float32)
    if grown == 0:
        return lungs.astype(np.float32)
    distance = distance_transform_edt(~lungs)
    return np.asarray(np.clip(2 - distance / max(grown, 1.0), 0, 1), np.float32)
