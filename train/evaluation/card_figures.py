"""The few figures of a model card, measured through the serving code on films at their own resolution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.bundle import Bundle
from pipeline.classify import FindingClassifier
from pipeline.segment import LungSegmenter
from train.evaluation.calibration import expected_calibration_error
from train.evaluation.overlap import intersection_over_union
from train.evaluation.statistics.delong import auroc_interval
from train.evaluation.thresholds import sensitivity_specificity
from train.phantom_sets import DrawnFilm, as_radiograph

Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the cascade's models said of one simulated film."""

    is_rds: bool
    probability: float
    overlap: float


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


def judge_films(bundle: Bundle, films: Iterable[tuple[DrawnFilm, bool]]) -> list[Judgement]:
    """Let both models judge simulated films, lungs found by the segmenter.

    A film without a lung mask counts as probability 0.5 and overlap 0.

    Parameters
    ----------
    films
        Each with whether it shows respiratory distress syndrome.
    """
    segmenter = LungSegmenter(bundle.segmenter, bundle.manifest.segmenter)
    classifier = FindingClassifier(bundle.classifier, bundle.manifest.classifier)
    judged = []
    for film, is_rds in films:
        radiograph = as_radiograph(film)
        segmented = segmenter.segment([radiograph])[0]
        found = segmented.lung_mask
        overlap = intersection_over_union(found.pixels, film.lungs > 0, np.ones(found.pixels.shape, bool))
        probability = 0.5
        if found.area_pixels:
            probability = classifier.classify([(radiograph, segmented)])[0].probability
        judged.append(Judgement(is_rds, probability, overlap))
    return judged


def simulated_figures(judged: Sequence[Judgement], threshold: float) -> Figures:
    """Figures of the classifier and of the lungs; SYNTHETIC, no statement about newborns."""
    labels = np.array([film.is_rds for film in judged], float)
    probabilities = np.array([film.probability for film in judged])
    sensitivity, specificity = sensitivity_specificity(labels, probabilities, threshold)
    area = auroc_interval(labels, probabilities)
    return {
        "films": len(judged),
        "with_rds": int(labels.sum()),
        "auroc": round(area.value, 4),
        "auroc_95_interval": [round(area.low, 4), round(area.high, 4)],
        "sensitivity": round(sensitivity, 4),
        "specificity": round(specificity, 4),
        "expected_calibration_error": round(expected_calibration_error(labels, probabilities), 4),
        "lungs": summarise_overlaps([film.overlap for film in judged]),
    }
