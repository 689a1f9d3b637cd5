"""Films, outlines and labels of a site to one checked, dealt and frozen index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from train.data.candidates import Source, gather
from train.data.cells import write_rows
from train.data.checks import Placed, check_given, check_labels, check_out, drop_twins
from train.data.describe import Candidate, describe
from train.data.frozen import SPLIT_NAME, freeze
from train.data.index import INDEX_NAME, IndexedFilm, write_index
from train.data.leaks import Leak, find_leaks
from train.data.many import Rejection, each
from train.data.paper_pictures import write_paper_pictures
from train.data.splits import Split, given_split, paper_split, patient_folds
from train.errors import UnusableIndex

REJECTED_NAME = "rejected.csv"
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Profile(StrEnum):
    """Which pixels are learnt from.

    RECOMMENDED reads the source in floating point each time. PAPER writes 8-bit PNG files once, as the source
    paper did.
    """

    RECOMMENDED = "recommended"
    PAPER = "paper"


class Dealing(StrEnum):
    """How films come into splits; AUTO keeps a split that the table gives, and else follows the profile."""

    AUTO = "auto"
    GIVEN = "given"
    PATIENT = "patient"
    PAPER = "paper"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PrepareSettings:
    """What is made of the films.

    Attributes
    ----------
    need_masks, need_labels
        Whether films without them are turned away.
    """

    profile: Profile = Profile.RECOMMENDED
    dealing: Dealing = Dealing.AUTO
    need_masks: bool = False
    need_labels: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What came of it.

    Attributes
    ----------
    split
        None when nothing was dealt.
    """

    films: list[IndexedFilm]
    rejected: list[Rejection]
    leaks: list[Leak]
    split: Split | None


def prepare(source: Source, out: Path, settings: PrepareSettings, console: Console) -> Prepared:
    """Write ``index.csv``, ``rejected.csv`` and ``split.json``.

    Parameters
    ----------
    out
        Folder, made if need be. The profile ``paper`` adds ``films/`` and ``masks/``.

    Raises
    ------
    UnusableIndex
        If no film is left, or all labels are alike.
    UnusableSplit
        If a given split puts a patient into two, if there are too few films to deal, or if the folder holds
        another frozen split.
    """
    if settings.profile == Profile.PAPER:
        check_out(out, source.folder)
    candidates, rejected = gather(source, console)
    placed, refused = _read(candidates, settings, console)
    rejected += refused
    if settings.profile == Profile.PAPER:
        placed, refused = _each(placed, partial(write_paper_pictures, out=out), "Writing PNG", console)
        rejected += refused
    check_labels(placed, rejected)
    split = _deal(placed, settings.dealing, settings.profile)
    films = [film for _, film in placed]
    return _write(out, films if split is None else split.written(films), rejected, split)


def _write(out: Path, films: list[IndexedFilm], rejected: list[Rejection], split: Split | None) -> Prepared:
    out.mkdir(parents=True, exist_ok=True)
    if split is not None:
        freeze(out / SPLIT_NAME, split, films)
    write_index(out / INDEX_NAME, films)
    write_rows(out / REJECTED_NAME, ("what", "reason"), [asdict(one) for one in rejected])
    return Prepared(films, rejected, [] if split is None else find_leaks(films), split)


def _read(
    candidates: Sequence[tuple[str, Candidate]], settings: PrepareSettings, console: Console
) -> tuple[list[tuple[str, IndexedFilm]], list[Rejection]]:
    """Describe the candidates that have what is asked for, and leave out films that came before."""

    def read(candidate: Candidate) -> IndexedFilm:
        if settings.need_masks and candidate.mask is None:
            raise UnusableIndex("it has no outline of the lungs; draw one, or do without --need-masks")
        if settings.need_labels and candidate.rds is None:
            raise UnusableIndex("it has no label; add one, or do without --need-labels")
        return describe(candidate)

    described, rejected = _each(candidates, read, "Reading films", console)
    placed, twins = drop_twins(described)
    return placed, rejected + twins


def _each(
    placed: Sequence[tuple[str, _Item]], function: Callable[[_Item], _Result], doing: str, console: Console
) -> tuple[list[tuple[str, _Result]], list[Rejection]]:
    pairs, rejected = each(
        doing, lambda pair: function(pair[1]), placed, name=lambda pair: pair[0], console=console
    )
    return [(place, result) for (place, _), result in pairs], rejected


def _deal(placed: Placed, dealing: Dealing, profile: Profile) -> Split | None:
    films = [film for _, film in placed]
    if dealing == Dealing.AUTO and any(film.split for film in films):
        dealing = Dealing.GIVEN
    elif dealing == Dealing.AUTO:
        dealing = Dealing.PAPER if profile == Profile.PAPER else Dealing.PATIENT
    if dealing == Dealing.GIVEN:
        check_given(placed)
        return given_split(films)
    if dealing == Dealing.NONE:
        return None
    return paper_split(films) if dealing == Dealing.PAPER else patient_folds(films)[0]
