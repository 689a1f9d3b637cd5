"""Predictions of a bundle, made by the code that serves it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset

from pipeline.bundle import Bundle
from pipeline.bundle.manifest import Abstention
from pipeline.cascade import Cascade
from pipeline.gate import GateSettings
from pipeline.pixels.grayscale import GreyScale
from pipeline.values import Analysis
from train.data.index import IndexedFilm
from train.data.masks import read_mask
from train.errors import UnusableIndex
from train.evaluation.inputs import film_dataset, turned_spacing
from train.evaluation.overlap import Overlap, overlap
from train.evaluation.results import FilmResult, Known, Said

BATCH = 8
_TEXTURE_MM, _TEXTURE_SHARE = 2.0, 0.01
"""Side of the window of the local deviation, and its part of the film's longer side without a spacing."""

OPEN_GATE = GateSettings(
    max_age_days=100_000,
    max_weight_kg=1e6,
    max_length_m=1e6,
    process_secondary_capture=True,
    allow_for_processing=True,
    companion_image_types=(),
    min_side_pixels=32,
    max_side_pixels=1 << 16,
    min_lung_fraction=0.0,
    max_lung_fraction=1.0,
    min_lung_mm2=0.0,
    max_lung_mm2=1e12,
    max_lung_regions=1 << 30,
    max_side_ratio=1e12,
    max_border_share=1.0,
    max_hidden_share=1.0,
    max_saturated_share=1.0,
    min_contrast=0.0,
    min_confidence=0.0,
)
"""Lets through whatever the models can be asked, so that turning films away can be weighed."""


class Predictor:
    """Asks a bundle about films: what the node would answer, and what its models think of those turned away.

    Parameters
    ----------
    masks
        Folder in which the masks found are kept as PNG; None keeps none.
    """

    def __init__(self, bundle: Bundle, gate: GateSettings | None = None, masks: Path | None = None) -> None:
        self._node = Cascade(bundle, gate or GateSettings())
        self._models = Cascade(_never_abstaining(bundle), OPEN_GATE)
        self.grey = grey_of(bundle)
        self._masks = masks

    def predict(self, films: Sequence[IndexedFilm], folder: Path, turns: int = 0) -> Iterator[FilmResult]:
        """Give one result a film, in their order.

        Parameters
        ----------
        folder
            Of the index; results name films relative to it.
        turns
            Counter-clockwise quarter turns of film and outline, a stress set.
        """
        for start in range(0, len(films), BATCH):
            part = films[start : start + BATCH]
            datasets = [film_dataset(film, self.grey, turns) for film in part]
            answers = self._node.analyse(datasets)
            asked = self._ask_again(datasets, answers)
            for film, dataset, answer, opinion in zip(part, datasets, answers, asked, strict=True):
                yield FilmResult(
                    _known(film, dataset, folder),
                    self._said(film, answer, opinion),
                    _measure(film, opinion, turns),
                )

    def _ask_again(self, datasets: list[Dataset], answers: list[Analysis]) -> list[Analysis]:
        """Ask the models alone about the films that were turned away."""
        turned_away = [i for i, answer in enumerate(answers) if answer.finding is None]
        opinions = list(answers)
        again = self._models.analyse([datasets[i] for i in turned_away])
        for i, opinion in zip(turned_away, again, strict=True):
            opinions[i] = opinion
        return opinions

    def _said(self, film: IndexedFilm, answer: Analysis, opinion: Analysis) -> Said:
        said = Said(str(answer.outcome), str(answer.reason or ""), answer.explanation)
        mask, radiograph = opinion.lung_mask, opinion.radiograph
        if mask is None or radiograph is None or not mask.area_pixels:
            return said
        mean, texture = lung_features(radiograph.pixels, mask.pixels, film.spacing_mm)
        return replace(
            said,
            probability=None if opinion.finding is None else opinion.finding.probability,
            confidence=mask.confidence,
            lung_fraction=mask.area_fraction,
            lung_mm2=mask.area_mm2,
            lung_mean=mean,
            lung_texture=texture,
            mask=self._keep(film, mask.pixels),
        )

    def _keep(self, film: IndexedFilm, mask: NDArray[np.bool_]) -> str:
        if self._masks is None:
            return ""
        self._masks.mkdir(parents=True, exist_ok=True)
        name = f"{film.path.stem}-{film.digest[:8]}.png" if film.digest else f"{film.path.stem}.png"
        Image.fromarray(mask).save(self._masks / name)
        return name


def grey_of(bundle: Bundle) -> GreyScale:
    """Return the grey scale on which the cascade reads films for this bundle."""
    is_paper = bundle.manifest.segmenter.postprocessing.profile == "paper"
    return GreyScale.PAPER if is_paper else GreyScale.RECOMMENDED


def lung_features(
    pixels: NDArray[np.float32], mask: NDArray[np.bool_], spacing_mm: tuple[float, float] | None
) -> tuple[float, float]:
    """Mean grey value inside the lungs and mean local standard deviation there; the mask is not empty."""
    from scipy.ndimage import uniform_filter

    side = _TEXTURE_SHARE * max(pixels.shape) if spacing_mm is None else _TEXTURE_MM / spacing_mm[1]
    window = max(3, round(side))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    values, inside = pixels[box].astype(np.float64), mask[box]
    variance = uniform_filter(values**2, window) - uniform_filter(values, window) ** 2
    return float(values[inside].mean()), float(np.sqrt(np.maximum(variance[inside], 0)).mean())


def _never_abstaining(bundle: Bundle) -> Bundle:
    classifier = bundle.manifest.classifier.model_copy(update={"abstention": Abstention()})
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"classifier": classifier}))


def _known(film: IndexedFilm, dataset: Dataset, folder: Path) -> Known:
    vendor = str(dataset.get("Manufacturer", "") or "")
    attributes = {**({"vendor": vendor} if vendor else {}), **film.attributes}
    path = film.path.relative_to(folder) if film.path.is_relative_to(folder) else film.path
    return Known(
        film=path.as_posix(),
        patient=film.patient,
        split=film.split,
        provenance=film.provenance,
        rds=film.rds,
        sex=film.sex,
        age_days=film.age_days,
        digest=film.digest,
        attributes={name: value for name, value in attributes.items() if value},
    )


def _measure(film: IndexedFilm, opinion: Analysis, turns: int) -> Overlap | None:
    """Measure the mask against the outline; a film without a mask found has an empty one."""
    if film.mask is None:
        return None
    outline = np.rot90(read_mask(film), turns)
    found = np.zeros(outline.shape, np.bool_)
    if opinion.lung_mask is not None:
        found = opinion.lung_mask.pixels
    if found.shape != outline.shape:
        raise UnusableIndex(
            f"{film.mask} is {outline.shape}, its film {found.shape}; prepare the films again"
        )
    spacing = None if film.spacing_mm is None else turned_spacing(film.spacing_mm, turns)
    return overlap(found, outline == 1, outline != 2, spacing)
