"""What it costs and saves not to judge every film: risk against coverage, the gate, prediction sets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from train.evaluation.calibration import to_logits
from train.evaluation.results import FilmResult, labelled
from train.evaluation.statistics.bootstrap import REPEATS, patient_bootstrap
from train.evaluation.statistics.proportions import wilson
from train.evaluation.statistics.ranking import as_labels
from train.evaluation.statistics.values import Interval

CONFORMAL_LEVEL = 0.90


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Error among the surest films, as ever more are judged.

    Attributes
    ----------
    coverage, risk
        Part of the films that is judged, ascending to 1, and the part of those that is judged wrong.
    area
        Mean risk over all coverages.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: Interval


@dataclass(frozen=True, slots=True)
class SelectiveFigures:
    """The node's answers, films that it turns away included.

    Attributes
    ----------
    judged
        Part of the labelled films that the node answers present or absent.
    reasons
        Films that it does not, by reason.
    error_of_all, error_of_judged, error_of_turned_away
        Part of the films on the wrong side of the bundle's threshold, would all be judged; NaN without films.
    reported, falsely_reported
        Part of all films with and without the finding that are answered present; a film turned away is not.
    """

    films: int
    judged: Interval
    reasons: dict[str, int]
    error_of_all: Interval
    error_of_judged: Interval
    error_of_turned_away: Interval
    reported: Interval
    falsely_reported: Interval
    curve: RiskCoverage


@dataclass(frozen=True, slots=True)
class ConformalFigures:
    """Prediction sets that should hold the truth of nine films in ten, their cut taken from validation films.

    Attributes
    ----------
    cut
        A class is in the set when its probability is at least this; the likelier class always is.
    covered
        Part of the films whose set holds the truth; beside it the same of each class.
    single
        Part of the films with one class in their set; the others hold both and are undecided.
    """

    cut: float
    covered: Interval
    covered_positive: Interval
    covered_negative: Interval
    single: Interval


def selective_figures(
    results: Sequence[FilmResult], threshold: float, repeats: int = REPEATS, seed: int = 0
) -> SelectiveFigures:
    """Measure the node's answers on films with a label; at least one must have a probability.

    Parameters
    ----------
    threshold
        The bundle's.
    """
    known = [one for one in results if one.known.rds is not None]
    asked = labelled(results)
    probabilities = np.array([one.said.probability for one in asked], float)
    truth = as_labels([bool(one.known.rds) for one in asked])
    wrong = (probabilities >= threshold) != truth
    judged = np.array([one.said.is_judged for one in asked], bool)
    certainty = np.abs(to_logits(probabilities) - to_logits(threshold))
    patients = [one.known.patient for one in asked]
    return SelectiveFigures(
        films=len(known),
        judged=_share([one.said.is_judged for one in known]),
        reasons=dict(Counter(_reason(one) for one in known if not one.said.is_judged).most_common()),
        error_of_all=_share(wrong),
        error_of_judged=_share(wrong[judged]),
        error_of_turned_away=_share(wrong[~judged]),
        reported=_share([one.said.outcome == "present" for one in known if one.known.rds]),
        falsely_reported=_share([one.said.outcome == "present" for one in known if not one.known.rds]),
        curve=_curve(wrong, certainty, patients, repeats, seed),
    )


def risk_coverage(wrong: ArrayLike, certainty: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coverage and risk as films are judged from the surest down, films of equal certainty together."""
    errors, sure = np.asarray(wrong, float), np.asarray(certainty, float)
    order = np.argsort(-sure, kind="stable")
    judged = np.append(np.flatnonzero(np.diff(sure[order])), len(errors) - 1) + 1
    risk = np.cumsum(errors[order])[judged - 1] / judged
    return judged / len(errors), risk


def risk_area(coverage: NDArray[np.float64], risk: NDArray[np.float64]) -> float:
    """Mean risk over all coverages, each film's step at the risk of its right end."""
    return float(np.sum(np.diff(coverage, prepend=0.0) * risk))


def conformal_cut(labels: ArrayLike, probabilities: ArrayLike, level: float = CONFORMAL_LEVEL) -> float:
    """Least probability at which a class belongs to the set, from validation films.

    Notes
    -----
    Split conformal prediction with 1 - probability of the truth as score: Angelopoulos and Bates,
    Foundations and Trends in Machine Learning 2023;16:494. With too few films for the
    level every class belongs.
    """
    truth, values = as_labels(labels), np.asarray(probabilities, float)
    of_truth = np.sort(np.where(truth, values, 1 - values))
    missed = math.floor((len(truth) + 1) * (1 - level) + 1e-9)
    return float(of_truth[missed - 1]) if missed >= 1 else 0.0


def conformal_figures(labels: ArrayLike, probabilities: ArrayLike, cut: float) -> ConformalFigures:
    """Measure prediction sets at a cut that was found elsewhere."""
    truth, values = as_labels(labels), np.asarray(probabilities, float)
    has_positive, has_negative = values >= min(cut, 0.5), 1 - values >= min(cut, 0.5)
    covered = np.where(truth, has_positive, has_negative)
    return ConformalFigures(
        cut=cut,
        covered=_share(covered),
        covered_positive=_share(covered[truth]),
        covered_negative=_share(covered[~truth]),
        single=_share(has_positive != has_negative),
    )


def _curve(
    wrong: NDArray[np.bool_], certainty: NDArray[np.float64], patients: Sequence[str], repeats: int, seed: int
) -> RiskCoverage:
    coverage, risk = risk_coverage(wrong, certainty)
    area = patient_bootstrap(
        lambda rows: risk_area(*risk_coverage(wrong[rows], certainty[rows])), patients, repeats, seed
    )
    return RiskCoverage(tuple(coverage.tolist()), tuple(risk.tolist()), area)


def _share(flags: ArrayLike) -> Interval:
    chosen = np.asarray(flags, bool)
    return wilson(int(chosen.sum()), len(chosen))


def _reason(result: FilmResult) -> str:
    """Name the first rule that turned a film away, without its values."""
    return f"{result.said.outcome}: {result.said.explanation.partition(':')[0] or result.said.reason}"
