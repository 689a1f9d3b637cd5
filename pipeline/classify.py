"""Lungs cut out of a film, judged for respiratory distress syndrome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle.manifest import Classifier, LungCrop
from pipeline.engines import Engine
from pipeline.preprocess import Box, crop_to_square, hide_outside, turn_upright
from pipeline.segment import SegmentedFilm, sigmoid, standardise
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
        logits = self._engine.run(standardise(crops, self._model.preprocessing))[:, 0]
        probabilities = sigmoid(logits / np.float32(self._model.temperature))
        return [Finding(float(probability), self._model.threshold) for probability in probabilities]

    def abstains(self, finding: Finding) -> bool:
        """Whether the probability is too near the middle to be told."""
        limits = self._model.abstention
        return limits.probability_from < finding.probability < limits.probability_to

    def _crop(self, radiograph: Radiograph, segmented: SegmentedFilm) -> NDArray[np.float32]:
        pixels = hide_outside(radiograph.pixels, radiograph.outside)
        size = self._model.preprocessing.size
        crop = crop_lungs(pixels, segmented.lung_mask.pixels, radiograph.spacing, self._model.crop, size)
        return turn_upright(crop, radiograph.orientation, segmented.extra_turns)


def crop_lungs(
    pixels: NDArray[np.float32],
    mask: NDArray[np.bool_],
    spacing: PixelSpacing | None,
    crop: LungCrop,
    size: int,
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
    box = lung_box(mask, crop.margin)
    square = crop_to_square(pixels, box, size)
    if crop.background == "film":
        return square
    lungs = crop_to_square(mask.astype(np.float32), box, size) >= 0.5
    scale = size / (box[2] - box[0])
    grown = crop.dilation_fraction * size if spacing is None else crop.dilation_mm / spacing.row_mm * scale
    level = float(square[lungs].mean()) if crop.background == "lung mean" and lungs.any() else 0.0
    weight = _soft(lungs, grown)
    return (weight * square + (1 - weight) * np.float32(level)).astype(np.float32)


def lung_box(mask: NDArray[np.bool_], margin: float) -> Box:
    """Box a mask in a square, its longer side widened by the margin on both ends; may reach over the edge."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    side = max(bottom - top, right - left)
    half = round(side * (0.5 + margin))
    row, column = (top + bottom) // 2, (left + right) // 2
    return (float(row - half), float(column - half), float(row + half), float(column + half))


def _soft(lungs: NDArray[np.bool_], grown: float) -> NDArray[np.float32]:
    """1 inside the grown mask, falling to 0 over the same distance again."""
    from scipy.ndimage import distance_transform_edt

    if not lungs.any():
        return np.ones(lungs.shape, np.float32)
    distance = distance_transform_edt(~lungs)
    return np.asarray(np.clip(2 - distance / max(grown, 1.0), 0, 1), np.float32)
