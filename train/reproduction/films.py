"""Films of a reproduction: those that can be used, dealt into the paper's groups, and turned sideways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from train.data import IndexedFilm
from train.data.leaks import refuse_leaks
from train.data.prepared import read_prepared
from train.data.splits import TEST, TRAIN, VALIDATION, Split, given_split, paper_split, patient_folds
from train.errors import UnusableIndex, UnusableSplit

Dealing = Literal["auto", "paper", "patient", "given"]
ALL_SIDEWAYS = "all sideways"
_LEAST_PER_CLASS = 5


@dataclass(frozen=True, slots=True)
class Groups:
    """Films to learn from, to choose the epoch by, and to measure.

    Attributes
    ----------
    dealt
        How, in a sentence.
    left_out
        Films of the index without lungs or, where others have one, without a label.
    """

    training: list[IndexedFilm]
    validation: list[IndexedFilm]
    test: list[IndexedFilm]
    dealt: str
    left_out: int

    @property
    def labelled(self) -> bool:
        """Whether the films have labels, so that a classifier can be trained."""
        return all(film.rds is not None for film in (*self.training, *self.validation, *self.test))

    @property
    def words(self) -> str:
        """SYNTHETIC and STAND-IN, where the films' provenance says so."""
        provenance = {film.provenance for film in (*self.training, *self.validation, *self.test)}
        return ", ".join(word for word in ("SYNTHETIC", "STAND-IN") if any(word in one for one in provenance))


def read_groups(index: Path, dealing: str) -> Groups:
    """Read an index and deal its films.

    Parameters
    ----------
    dealing
        ``given``: the column ``split``; ``paper``: the paper's deal, film by film; ``patient``: the same by
        patient; ``auto``: as given where there are films to learn from, to choose by and to measure on, else
        the paper's where every patient has one film, as there, else by patient.

    Raises
    ------
    UnusableIndex, UnusableSplit
        Names what is wrong and the cure.
    """
    if dealing not in get_args(Dealing):
        raise UnusableSplit(f"no way {dealing!r} to deal films; there are {', '.join(get_args(Dealing))}")
    films = read_prepared(index)
    with_lungs = [film for film in films if film.mask is not None and film.roi_area > 0]
    labelled = [film for film in with_lungs if film.rds is not None]
    used = labelled or with_lungs
    _require_both_classes(index, used)
    split = _deal(used, dealing)
    written = split.written(used)
    if split.name != "paper":
        refuse_leaks(written)
    training, validation, test = (
        [film for film in written if film.split == word] for word in (TRAIN, VALIDATION, TEST)
    )
    for word, group in ((TRAIN, training), (VALIDATION, validation), (TEST, test)):
        if not group:
            raise UnusableSplit(f"{index} has no usable film of split {word}; deal anew with --split patient")
    return Groups(training, validation, test, _words(split, used), len(films) - len(used))


def _require_both_classes(index: Path, films: Sequence[IndexedFilm]) -> None:
    if not films:
        raise UnusableIndex(f"{index} has no film with a lung outline; draw outlines and prepare it again")
    counts = {label: sum(film.rds is label for film in films) for label in (True, False)}
    if films[0].rds is not None and min(counts.values()) < _LEAST_PER_CLASS:
        label, count = min(counts.items(), key=lambda item: item[1])
        raise UnusableIndex(
            f"{index} has {count} films with rds {int(label)} and {counts[not label]} with "
            f"rds {int(not label)}; five groups need at least {_LEAST_PER_CLASS} of each: add films, or "
            "empty the column rds to reproduce Table 1 alone"
        )


def _deal(films: Sequence[IndexedFilm], dealing: str) -> Split:
    if dealing == "given" or (
        dealing == "auto" and {film.split for film in films} >= {TRAIN, VALIDATION, TEST}
    ):
        return given_split(films)
    one_each = len({film.patient for film in films}) == len(films)
    if dealing == "paper" or (dealing == "auto" and one_each):
        return paper_split(films)
    return patient_folds(films)[0]


def _words(split: Split, films: Sequence[IndexedFilm]) -> str:
    sizes = ", ".join(str(len(group)) for group in split.groups)
    patients = len({film.patient for film in films})
    how = {
        "paper": "sorted by lung area within each class and dealt into five groups, as in the paper",
        "patient": "the paper's deal by patient, because several films are of one patient",
        "given": "in the groups that the index gives",
    }[split.name]
    return f"{len(films)} films of {patients} patients, {how} ({sizes})"


@dataclass(frozen=True, slots=True)
class Turned:
    """A set of films with the quarter turns by which each is turned without saying so."""

    name: str
    films: Sequence[IndexedFilm]
    turns: NDArray[np.int64]


def stress_sets(films: Sequence[IndexedFilm], seed: int = 0) -> tuple[Turned, ...]:
    """Give films as stored, 8 % of them sideways (the paper's gain suggests so many), and all sideways."""
    rng = np.random.default_rng(seed)
    sideways = rng.choice((1, 3), len(films))
    few = np.zeros(len(films), np.int64)
    few[rng.permutation(len(films))[: max(1, round(0.08 * len(films)))]] = 1
    return (
        Turned("as stored", films, np.zeros(len(films), np.int64)),
        Turned("8 % sideways", films, few * sideways),
        Turned(ALL_SIDEWAYS, films, sideways),
    )
