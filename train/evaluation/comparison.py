"""Two bundles on the same films: whether the new one is better, and whether it is surely not worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.errors import UnusableIndex
from train.evaluation.results import FilmResult
from train.evaluation.statistics.bootstrap import REPEATS
from train.evaluation.statistics.clustered import Patients, auroc_tests, share_tests, widest
from train.evaluation.statistics.delong import compare_auroc
from train.evaluation.statistics.paired import wilcoxon_paired
from train.evaluation.statistics.proportions import mcnemar_exact
from train.evaluation.statistics.values import Comparison

MARGINS = {"auroc": 0.02, "sensitivity": 0.03, "iou": 0.01}
"""How much worse a bundle may be and still take another's place."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of both bundles.

    Attributes
    ----------
    test
        Name of the statistical test; where patients have several films, of the ones that gave the bounds.
    margin
        Of `MARGINS`; None for figures without one.
    """

    figure: str
    test: str
    films: int
    result: Comparison
    margin: float | None = None

    @property
    def is_not_inferior(self) -> bool | None:
        """Whether the interval lies above the margin."""
        return None if self.margin is None else bool(self.result.low > -self.margin)


def compare_bundles(
    first: Sequence[FilmResult],
    second: Sequence[FilmResult],
    thresholds: tuple[float, float],
    repeats: int = REPEATS,
    seed: int = 0,
) -> list[Compared]:
    """Compare the first bundle with the second, film by film.

    Where patients have several films, judgements are also compared over patients; the widest interval counts.

    Parameters
    ----------
    thresholds
        Each bundle's own frozen one.
    repeats
        Draws of the bootstrap.

    Raises
    ------
    UnusableIndex
        If the two were not asked about the same films.
    """
    pairs = _pairs(first, second)
    judged = [
        pair
        for pair in pairs
        if pair[0].known.rds is not None and None not in (pair[0].said.probability, pair[1].said.probability)
    ]
    outlined = [pair for pair in pairs if pair[0].overlap is not None and pair[1].overlap is not None]
    figures = _judgements(judged, thresholds, repeats, seed) if judged else []
    return figures + (_outlines(outlined, repeats, seed) if outlined else [])


def _pairs(first: Sequence[FilmResult], second: Sequence[FilmResult]) -> list[tuple[FilmResult, FilmResult]]:
    others = {one.known.film: one for one in second}
    missing = {one.known.film for one in first} ^ set(others)
    if missing:
        raise UnusableIndex(
            f"{min(missing)} was judged by one bundle only; evaluate both on the same index and split"
        )
    return [(one, others[one.known.film]) for one in first]


def _judgements(
    pairs: list[tuple[FilmResult, FilmResult]], thresholds: tuple[float, float], repeats: int, seed: int
) -> list[Compared]:
    truth = np.array([bool(one.known.rds) for one, _ in pairs])
    scores = [np.array([pair[i].said.probability for pair in pairs], float) for i in (0, 1)]
    right = [(values >= cut) == truth for values, cut in zip(scores, thresholds, strict=True)]
    patients = Patients([one.known.patient for one, _ in pairs], repeats, seed)
    return [
        _areas(truth, scores, patients),
        _of_class("accuracy", right, np.ones_like(truth), patients),
        _of_class("sensitivity", right, truth, patients),
        _of_class("specificity", right, ~truth, patients),
    ]


def _areas(truth: NDArray[np.bool_], scores: list[NDArray[np.float64]], patients: Patients) -> Compared:
    tests = {"DeLong": compare_auroc(truth, scores[0], scores[1])}
    if patients.have_several:
        tests |= auroc_tests(truth, scores[0], scores[1], patients)
    test, result = widest(tests)
    return Compared("auroc", test, len(truth), result, MARGINS["auroc"])


def _of_class(
    figure: str, right: list[NDArray[np.bool_]], members: NDArray[np.bool_], patients: Patients
) -> Compared:
    first, second = (one[members] for one in right)
    tests, its = {"McNemar, exact": mcnemar_exact(first, second)}, patients.of(members)
    if its.have_several:
        tests |= share_tests(first, second, its)
    test, result = widest(tests)
    return Compared(figure, test, int(members.sum()), result, MARGINS.get(figure))


def _outlines(pairs: list[tuple[FilmResult, FilmResult]], repeats: int, seed: int) -> list[Compared]:
    patients = [one.known.patient for one, _ in pairs]
    figures = []
    for figure, margin in (("iou", MARGINS["iou"]), ("dice", None)):
        ours, theirs = ([getattr(pair[i].overlap, figure) for pair in pairs] for i in (0, 1))
        result = wilcoxon_paired(ours, theirs, patients, repeats, seed)
        figures.append(Compared(figure, "Wilcoxon signed-rank", len(pairs), result, margin))
    return figures
