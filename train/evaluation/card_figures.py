"""The few figures of a model card about simulated films, measured through the serving code (SYNTHETIC)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle import Bundle
from pipeline.cascade import Cascade
from pipeline.classify import FindingClassifier
from pipeline.gate import GateSettings
from pipeline.segment import LungSegmenter
from pipeline.values import LungMask, Radiograph
from train.evaluation.calibration import expected_calibration_error
from train.evaluation.overlap import intersection_over_union
from train.evaluation.prediction import lung_features
from train.evaluation.statistics.bootstrap import patient_bootstrap
from train.evaluation.statistics.delong import auroc_interval, compare_auroc
from train.evaluation.statistics.logistic import fit_logistic, logistic_score
from train.evaluation.thresholds import sensitivity_specificity
from train.phantom import Phantom, dataset_of
from train.phantom_sets import DrawnFilm, as_radiograph

Figures = dict[str, object]
_UNDECIDED = 0.5
"""Probability of a film without a finding."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was said of one simulated film.

    Attributes
    ----------
    overlap
        Intersection over union of the lungs found and drawn.
    area_mm2, mean, texture
        Area, mean grey value and mean local deviation of the lungs found, for baselines.
    """

    is_rds: bool
    probability: float
    overlap: float = 0.0
    area_mm2: float = 0.0
    mean: float = 0.0
    texture: float = 0.0


def summarise_overlaps(values: Sequence[float]) -> Figures:
    """Mean, 5th percentile, median and the number of failures."""
    overlaps = np.asarray(values)
    return {
        "films": len(overlaps),
        "iou_mean": round(float(overlaps.mean()), 4),
        "iou_5th_percentile": round(float(np.percentile(overlaps, 5)), 4),
        "iou_median": round(float(np.median(overlaps)), 4),
        "below_half": int((overlaps < 0.5).sum()),
    }


def serve_phantoms(bundle: Bundle, films: Iterable[Phantom]) -> Iterator[Judgement]:
    """Judge phantoms as DICOM films, as a node does; without a finding the probability is 0.5."""
    cascade = Cascade(bundle, GateSettings())
    for film in films:
        analysis = cascade.analyse([dataset_of(film)])[0]
        probability = _UNDECIDED if analysis.finding is None else analysis.finding.probability
        yield _judgement(
            film, film.baby.disease.is_rds, probability, (analysis.radiograph, analysis.lung_mask)
        )


def judge_films(bundle: Bundle, films: Iterable[tuple[DrawnFilm, bool]]) -> Iterator[Judgement]:
    """Let both models judge simulated films that are no DICOM films, lungs found by the segmenter.

    Parameters
    ----------
    films
        Each with whether it shows respiratory distress syndrome.
    """
    segmenter = LungSegmenter(bundle.segmenter, bundle.manifest.segmenter)
    classifier = FindingClassifier(bundle.classifier, bundle.manifest.classifier)
    for film, is_rds in films:
        radiograph = as_radiograph(film)
        segmented = segmenter.segment([radiograph])[0]
        probability = _UNDECIDED
        if segmented.lung_mask.area_pixels:
            probability = classifier.classify([(radiograph, segmented)])[0].probability
        yield _judgement(film, is_rds, probability, (radiograph, segmented.lung_mask))


def _judgement(
    film: DrawnFilm, is_rds: bool, probability: float, seen: tuple[Radiograph | None, LungMask | None]
) -> Judgement:
    radiograph, found = seen
    if radiograph is None or found is None or not found.area_pixels:
        return Judgement(is_rds, probability)
    drawn, area = film.lungs > 0, found.area_pixels * film.pitch_mm**2
    overlap = intersection_over_union(found.pixels, drawn, np.ones(drawn.shape, bool))
    features = lung_features(radiograph.pixels, found.pixels, (film.pitch_mm, film.pitch_mm))
    return Judgement(is_rds, probability, overlap, area, *features)


def simulated_figures(judged: Sequence[Judgement], threshold: float) -> Figures:
    """Figures of the classifier and of the lungs; SYNTHETIC, no statement about newborns."""
    labels, probabilities = labels_of(judged), probabilities_of(judged)
    sensitivity, specificity = sensitivity_specificity(labels, probabilities, threshold)
    area = auroc_interval(labels, probabilities)
    error = patient_bootstrap(
        lambda rows: expected_calibration_error(labels[rows], probabilities[rows]), range(len(judged))
    )
    return {
        "films": len(judged),
        "with_rds": int(labels.sum()),
        "auroc": round(area.value, 4),
        "auroc_95_interval": [round(area.low, 4), round(area.high, 4)],
        "sensitivity": round(sensitivity, 4),
        "specificity": round(specificity, 4),
        "expected_calibration_error": round(error.value, 4),
        "expected_calibration_error_95_interval": [round(error.low, 4), round(error.high, 4)],
        "lungs": summarise_overlaps([film.overlap for film in judged]),
    }


def baseline_figures(
    judged: Sequence[Judgement], validation: Sequence[Judgement], features: tuple[str, ...]
) -> Figures:
    """Let a logistic regression of a few features judge, fitted on validation films.

    Parameters
    ----------
    features
        Names of attributes of `Judgement`.

    Returns
    -------
    dict
        ``auroc`` with its interval, and by how much the classifier is ``below_classifier_by`` (DeLong).
    """
    labels, seen = labels_of(judged), _table(validation, features)
    centre, spread = seen.mean(axis=0), np.maximum(seen.std(axis=0), 1e-12)
    fitted = fit_logistic((seen - centre) / spread, labels_of(validation))
    score = logistic_score((_table(judged, features) - centre) / spread, fitted)
    area, more = auroc_interval(labels, score), compare_auroc(labels, probabilities_of(judged), score)
    return {
        "auroc": round(area.value, 4),
        "auroc_95_interval": [round(area.low, 4), round(area.high, 4)],
        "below_classifier_by": round(more.difference, 4),
        "below_classifier_95_interval": [round(more.low, 4), round(more.high, 4)],
    }


def labels_of(judged: Sequence[Judgement]) -> NDArray[np.float64]:
    """Labels, 1 for respiratory distress syndrome, (N,)."""
    return np.array([film.is_rds for film in judged], float)


def probabilities_of(judged: Sequence[Judgement]) -> NDArray[np.float64]:
    """Calibrated probabilities, (N,)."""
    return np.array([film.probability for film in judged], float)


def _table(judged: Sequence[Judgement], features: tuple[str, ...]) -> NDArray[np.float64]:
    return np.array([[getattr(film, name) for name in features] for film in judged], float)
