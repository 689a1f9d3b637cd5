"""Figures of groups of films; the list of groups was fixed before any result was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from train.evaluation.classification import count, proportions
from train.evaluation.results import FilmResult, labelled
from train.evaluation.statistics.bootstrap import REPEATS, patient_bootstrap
from train.evaluation.statistics.delong import auroc_interval
from train.evaluation.statistics.values import Interval

FEW = 20
"""Groups of fewer films are shown, but nothing is concluded from them."""
_UPRIGHT = ("0", "no", "upright", "false")


@dataclass(frozen=True, slots=True)
class SubgroupFigures:
    """One group.

    Attributes
    ----------
    films, positives, outlined
        All films of the group, those with the finding, those with an outline of the lungs.
    auroc, sensitivity, specificity
        NaN where a class is missing.
    iou
        Mean over the outlined films.
    """

    grouping: str
    group: str
    films: int
    positives: int
    outlined: int
    auroc: Interval
    sensitivity: Interval
    specificity: Interval
    iou: Interval

    @property
    def is_small(self) -> bool:
        """Whether nothing should be concluded from this group."""
        return self.films < FEW


def subgroup_figures(
    results: Sequence[FilmResult], threshold: float, repeats: int = REPEATS, seed: int = 0
) -> list[SubgroupFigures]:
    """Measure every pre-registered group that the films' index allows to form; one alone says nothing."""
    figures = []
    for grouping, name_of in _groupings(results).items():
        names = [name_of(result) for result in results]
        groups = sorted({name for name in names if name}, key=_natural)
        if len(groups) < 2:
            continue
        for group in groups:
            chosen = [result for result, name in zip(results, names, strict=True) if name == group]
            figures.append(_figures(grouping, group, chosen, threshold, repeats, seed))
    return figures


def _figures(
    grouping: str, group: str, results: list[FilmResult], threshold: float, repeats: int, seed: int
) -> SubgroupFigures:
    asked = labelled(results)
    truth = [bool(one.known.rds) for one in asked]
    values = np.array([one.said.probability for one in asked], float)
    shares = proportions(count(truth, values >= threshold))
    return SubgroupFigures(
        grouping=grouping,
        group=group.partition("\t")[2] or group,
        films=len(results),
        positives=sum(truth),
        outlined=sum(one.overlap is not None for one in results),
        auroc=auroc_interval(truth, values) if asked else shares["sensitivity"],
        sensitivity=shares["sensitivity"],
        specificity=shares["specificity"],
        iou=_mean_iou(results, repeats, seed),
    )


def _mean_iou(results: list[FilmResult], repeats: int, seed: int) -> Interval:
    drawn = [one for one in results if one.overlap is not None]
    values = np.array([one.overlap.iou for one in drawn if one.overlap is not None])
    if not drawn:
        return Interval(np.nan, np.nan, np.nan)
    return patient_bootstrap(
        lambda rows: float(values[rows].mean()), [one.known.patient for one in drawn], repeats, seed
    )


def _groupings(results: Sequence[FilmResult]) -> dict[str, Callable[[FilmResult], str]]:
    """Name the groupings; each gives a film's group, or nothing where it is not known."""
    return {
        "gestational age, weeks": lambda one: _binned(
            _attribute(one, "weeks", "gestational_weeks"), (28, 32, 37), ("<28", "28-31", "32-36", "≥37")
        ),
        "birth weight, g": lambda one: _binned(
            _attribute(one, "weight_g", "birth_weight_g"),
            (1000, 1500, 2500),
            ("<1000", "1000-1499", "1500-2499", "≥2500"),
        ),
        "age, days": lambda one: _binned(
            "" if one.known.age_days is None else str(one.known.age_days),
            (2, 8, 29),
            ("0-1", "2-7", "8-28", "≥29"),
        ),
        "sex": lambda one: one.known.sex,
        "vendor": lambda one: _attribute(one, "vendor"),
        "intubated": lambda one: _attribute(one, "intubated"),
        "grade or disease": lambda one: _attribute(one, "grade", "disease"),
        "lung area found": _tertile_of_area(results),
        "stored": _stored,
        "provenance": lambda one: one.known.source,
    }


def _stored(result: FilmResult) -> str:
    turns = _attribute(result, "turns", "sideways")
    return "" if not turns else "upright" if turns.lower() in _UPRIGHT else "turned"


def _tertile_of_area(results: Sequence[FilmResult]) -> Callable[[FilmResult], str]:
    area = _area_in_mm2 if all(one.said.lung_mm2 is not None for one in results) else _area_of_film
    known = [size for one in results if (size := area(one)) is not None]
    if len(set(known)) < 3:
        return lambda _: ""
    cuts = tuple(float(cut) for cut in np.percentile(known, (100 / 3, 200 / 3)))
    names = ("smallest third", "middle third", "largest third")

    def name_of(result: FilmResult) -> str:
        size = area(result)
        return _binned("" if size is None else str(size), cuts, names)

    return name_of


def _area_in_mm2(result: FilmResult) -> float | None:
    return result.said.lung_mm2


def _area_of_film(result: FilmResult) -> float | None:
    return result.said.lung_fraction


def _attribute(result: FilmResult, *names: str) -> str:
    return next((result.known.attributes[name] for name in names if result.known.attributes.get(name)), "")


def _binned(text: str, cuts: Sequence[float], names: Sequence[str]) -> str:
    """Name the bin of a number; nothing for a text that is none. The tab keeps bins in their order."""
    try:
        value = float(text)
    except ValueError:
        return ""
    position = int(np.searchsorted(cuts, value, side="right"))
    return f"{position}\t{names[position]}"


def _natural(name: str) -> tuple[str, str]:
    order, _, rest = name.rpartition("\t")
    return order, rest
