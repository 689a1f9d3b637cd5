"""What makes a whole set of films unusable, however good each film is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from train.data.index import IndexedFilm
from train.data.many import Rejection
from train.errors import UnusableIndex, UnusableSplit

Placed = Sequence[tuple[str, IndexedFilm]]
"""Films with what to call them in messages."""


def check_out(out: Path, folder: Path | None) -> None:
    """Refuse to write PNG films where they would be taken for further films of the site next time."""
    if folder is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UnusableIndex(f"{out} lies within {folder}, whose films it would join; give another folder")


def drop_twins(placed: Placed) -> tuple[list[tuple[str, IndexedFilm]], list[Rejection]]:
    """Leave out the films whose SOP Instance UID or picture came before."""
    first: dict[str, str] = {}
    kept: list[tuple[str, IndexedFilm]] = []
    rejected: list[Rejection] = []
    for place, film in placed:
        keys = {"SOP Instance UID": film.sop_instance_uid, "pixels": film.digest}
        told = next((f"the same {kind} as {first[key]}" for kind, key in keys.items() if key in first), None)
        if told is not None:
            rejected.append(Rejection(place, f"{told}; keep one of them"))
            continue
        first.update(dict.fromkeys(filter(None, keys.values()), place))
        kept.append((place, film))
    return kept, rejected


def check_labels(placed: Placed, rejected: Sequence[Rejection]) -> None:
    """Refuse a set without films, or one whose labels are all alike."""
    if not placed:
        raise UnusableIndex(f"no film can be used{_turned_away(rejected)}")
    labelled = [(place, film) for place, film in placed if film.rds is not None]
    if labelled and len({film.rds for _, film in labelled}) == 1:
        place, film = labelled[0]
        word = "yes" if film.rds else "no"
        raise UnusableIndex(
            f"{place}: the label is {word}, and so are all {len(labelled)} that can be used; films with and "
            "without the disease are needed. Add films, correct --positive and --negative, or give no labels"
            f"{_turned_away(rejected)}"
        )


def _turned_away(rejected: Sequence[Rejection]) -> str:
    if not rejected:
        return ""
    return f"; {len(rejected)} are turned away, the first being {rejected[0].what}: {rejected[0].reason}"


def check_given(placed: Placed) -> None:
    """Refuse a given split with one patient in two."""
    first: dict[str, tuple[str, str]] = {}
    for place, film in placed:
        earlier, split = first.setdefault(film.patient, (place, film.split))
        if split != film.split:
            raise UnusableSplit(
                f"{place}: patient {film.patient} is in split {film.split}, but in {split} at {earlier}; "
                "put each patient into one split, or deal them by --split patient"
            )
