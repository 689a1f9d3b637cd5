"""Films with their lungs painted over, judged by the serving classifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.bundle import Bundle
from pipeline.classify import FindingClassifier
from pipeline.errors import PipelineError
from pipeline.radiograph import read_radiograph
from pipeline.segment import LungSegmenter
from pipeline.values import Radiograph
from train.data.index import IndexedFilm
from train.data.pictures import LIMITS
from train.evaluation.inputs import film_dataset
from train.evaluation.prediction import grey_of

_AROUND = 0.15
"""How far around the lungs the grey value is taken, as a part of their box's sides."""


def judge_without_lungs(bundle: Bundle, films: Sequence[IndexedFilm]) -> Iterator[float | None]:
    """Give the probability of each film whose lungs are painted over; None where no lung is found.

    Notes
    -----
    The classifier is still told where the lungs were, so it sees their outline and whatever lies around them.
    """
    grey = grey_of(bundle)
    segmenter = LungSegmenter(bundle.segmenter, bundle.manifest.segmenter)
    classifier = FindingClassifier(bundle.classifier, bundle.manifest.classifier)
    for film in films:
        radiograph = _read(film_dataset(film, grey), bundle)
        segmented = segmenter.segment([radiograph])[0] if radiograph else None
        if radiograph is None or segmented is None or not segmented.lung_mask.area_pixels:
            yield None
            continue
        painted = paint_over(radiograph.pixels, segmented.lung_mask.pixels)
        yield classifier.classify([(replace(radiograph, pixels=painted), segmented)])[0].probability


def paint_over(pixels: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Paint the mask with the median of what lies beside it: nothing of the lungs themselves is left."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = tuple(
        slice(max(0, int(line[0]) - reach), int(line[-1]) + 1 + reach)
        for line in (rows, columns)
        for reach in [round(_AROUND * (int(line[-1]) + 1 - int(line[0])))]
    )
    around = pixels[box][~mask[box]]
    level = np.float32(np.median(around)) if around.size else np.float32(0.5)
    return np.where(mask, level, pixels)


def _read(dataset: Dataset, bundle: Bundle) -> Radiograph | None:
    try:
        return read_radiograph(dataset, grey=grey_of(bundle), limits=LIMITS)
    except PipelineError:
        return None
