"""All figures of a bundle on a set of films, put together from its answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from train.evaluation.calibration import (
    CalibrationFigures,
    calibration_figures,
    fit_temperature,
    to_logits,
    to_probabilities,
)
from train.evaluation.classification import ClassificationFigures, classification_figures
from train.evaluation.comparison import Compared, compare_bundles
from train.evaluation.results import FilmResult, labelled
from train.evaluation.segmentation import SegmentationFigures, segmentation_figures
from train.evaluation.selective import (
    ConformalFigures,
    SelectiveFigures,
    conformal_cut,
    conformal_figures,
    selective_figures,
)
from train.evaluation.shortcuts import (
    AuditRow,
    baseline_rows,
    lungs_removed_row,
    shuffled_row,
    swapped_row,
)
from train.evaluation.statistics.bootstrap import REPEATS
from train.evaluation.subgroups import SubgroupFigures, subgroup_figures
from train.evaluation.thresholds import OperatingPoint, choose_points

SHIPPED = "as shipped"
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that was asked of a bundle.

    Attributes
    ----------
    threshold
        The bundle's.
    tested, validation
        Films of the split that is measured, and of the one on which thresholds and temperature are chosen.
    sideways
        The tested films with an outline, turned by a quarter; may be empty.
    without_lungs
        Probability of each tested film with its lungs painted over; empty when this was not asked.
    swapped
        Films on which devices go along with the label otherwise; may be empty.
    rival, rival_threshold
        Another bundle's answers about the tested films; may be empty.
    """

    threshold: float
    tested: Sequence[FilmResult]
    validation: Sequence[FilmResult]
    sideways: Sequence[FilmResult] = ()
    without_lungs: Sequence[float | None] = ()
    swapped: Sequence[FilmResult] = ()
    rival: Sequence[FilmResult] = ()
    rival_threshold: float = 0.5


@dataclass(frozen=True, slots=True)
class Films:
    """Who was measured.

    Attributes
    ----------
    labelled
        Films with a label; ``judgeable`` of them have a probability as well.
    outcomes
        The node's answers, all films.
    synthetic, stand_in
        Films that are simulated, and films whose label is not respiratory distress syndrome.
    """

    films: int
    patients: int
    outlined: int
    with_spacing: int
    labelled: int
    positives: int
    judgeable: int
    synthetic: int
    stand_in: int
    provenance: dict[str, int]
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures; what could not be measured is None or empty."""

    tested: Films
    validation: Films
    lungs: SegmentationFigures | None
    lungs_sideways: SegmentationFigures | None
    points: tuple[OperatingPoint, ...]
    finding: ClassificationFigures | None
    temperature: float | None
    calibration: CalibrationFigures | None
    recalibrated: CalibrationFigures | None
    selective: SelectiveFigures | None
    conformal: ConformalFigures | None
    subgroups: list[SubgroupFigures] = field(default_factory=list)
    audit: list[AuditRow] = field(default_factory=list)
    comparison: list[Compared] = field(default_factory=list)


def evaluate(answers: Answers, repeats: int = REPEATS, seed: int = 0) -> Evaluation:
    """Compute every figure that the films allow.

    Parameters
    ----------
    repeats, seed
        Of the bootstrap; the same seed gives the same figures.
    """
    asked = labelled(answers.tested)
    points = _points(answers)
    temperature = _temperature(answers.validation)
    return Evaluation(
        tested=describe(answers.tested),
        validation=describe(answers.validation),
        lungs=_lungs(answers.tested, repeats, seed),
        lungs_sideways=_lungs(answers.sideways, repeats, seed),
        points=points,
        finding=_finding(asked, points, repeats, seed) if asked else None,
        temperature=temperature,
        calibration=_calibration(asked, 1.0, repeats, seed),
        recalibrated=None if temperature is None else _calibration(asked, temperature, repeats, seed),
        selective=selective_figures(answers.tested, answers.threshold, repeats, seed) if asked else None,
        conformal=_conformal(answers),
        subgroups=subgroup_figures(answers.tested, answers.threshold, repeats, seed),
        audit=_audit(answers, seed) if asked else [],
        comparison=_comparison(answers, repeats, seed),
    )


def describe(results: Sequence[FilmResult]) -> Films:
    """Count films by what is known of them."""
    known = [one.known for one in results]
    return Films(
        films=len(results),
        patients=len({one.patient for one in known}),
        outlined=sum(one.overlap is not None for one in results),
        with_spacing=sum(one.overlap is not None and math.isfinite(one.overlap.hd95_mm) for one in results),
        labelled=sum(one.rds is not None for one in known),
        positives=sum(bool(one.rds) for one in known),
        judgeable=len(labelled(results)),
        synthetic=sum("SYNTHETIC" in one.provenance.upper() for one in known),
        stand_in=sum("STAND-IN" in one.provenance.upper() for one in known),
        provenance=dict(Counter(one.source or "not stated" for one in known).most_common()),
        outcomes=dict(Counter(one.said.outcome for one in results).most_common()),
    )


def truth_and_probability(results: Sequence[FilmResult]) -> tuple[list[bool], list[float]]:
    """Columns of films that have both, see `train.evaluation.results.labelled`."""
    truth = [bool(one.known.rds) for one in results]
    return truth, [float(one.said.probability or 0.0) for one in results]


def _points(answers: Answers) -> tuple[OperatingPoint, ...]:
    shipped = OperatingPoint(SHIPPED, answers.threshold, "the bundle's manifest")
    truth, values = truth_and_probability(labelled(answers.validation))
    return (shipped, *choose_points(truth, values)) if _has_both(truth) else (shipped,)


def _has_both(truth: list[bool]) -> bool:
    return len(set(truth)) == _ENOUGH


def _temperature(validation: Sequence[FilmResult]) -> float | None:
    truth, values = truth_and_probability(labelled(validation))
    return fit_temperature(to_logits(values), np.array(truth, float)) if _has_both(truth) else None


def _lungs(results: Sequence[FilmResult], repeats: int, seed: int) -> SegmentationFigures | None:
    drawn = [one for one in results if one.overlap is not None]
    if not drawn:
        return None
    overlaps = [one.overlap for one in drawn if one.overlap is not None]
    return segmentation_figures(overlaps, [one.known.patient for one in drawn], repeats, seed)


def _finding(
    asked: list[FilmResult], points: tuple[OperatingPoint, ...], repeats: int, seed: int
) -> ClassificationFigures:
    truth, values = truth_and_probability(asked)
    return classification_figures(truth, values, [one.known.patient for one in asked], points, repeats, seed)


def _calibration(
    asked: list[FilmResult], temperature: float, repeats: int, seed: int
) -> CalibrationFigures | None:
    truth, values = truth_and_probability(asked)
    if not _has_both(truth):
        return None
    scaled = to_probabilities(to_logits(values), temperature)
    return calibration_figures(truth, scaled, [one.known.patient for one in asked], repeats, seed)


def _conformal(answers: Answers) -> ConformalFigures | None:
    truth, values = truth_and_probability(labelled(answers.validation))
    tested = labelled(answers.tested)
    if not _has_both(truth) or not tested:
        return None
    return conformal_figures(*truth_and_probability(tested), conformal_cut(truth, values))


def _audit(answers: Answers, seed: int) -> list[AuditRow]:
    rows = baseline_rows(answers.tested, answers.validation)
    if answers.without_lungs:
        rows.append(lungs_removed_row(answers.tested, answers.without_lungs))
    if labelled(answers.swapped):
        rows.append(swapped_row(answers.tested, answers.swapped))
    return [*rows, shuffled_row(answers.tested, seed=seed)]


def _comparison(answers: Answers, repeats: int, seed: int) -> list[Compared]:
    if not answers.rival:
        return []
    thresholds = answers.threshold, answers.rival_threshold
    return compare_bundles(answers.tested, answers.rival, thresholds, repeats, seed)
