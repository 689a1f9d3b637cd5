"""Films dealt into groups to learn from, to choose by, and to be measured on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from train.data.index import IndexedFilm
from train.data.lookalikes import find_look_alikes
from train.errors import UnusableSplit

TRAIN, VALIDATION, TEST = "train", "val", "test"
"""Words of the index's column ``split``."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which films belong together.

    Attributes
    ----------
    name
        ``paper``, ``patient`` or ``given``.
    groups
        Positions of films in their index, from 0; each film is in exactly one group.
    training, validation, test
        Numbers of groups.
    words
        What the column ``split`` of the index says of each group.
    """

    name: str
    groups: tuple[tuple[int, ...], ...]
    training: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    words: tuple[str, ...]

    def films(self, films: Sequence[IndexedFilm], groups: Iterable[int]) -> list[IndexedFilm]:
        """Return the films of some groups, in the order of the index."""
        return [films[i] for i in sorted(i for group in groups for i in self.groups[group])]

    def written(self, films: Sequence[IndexedFilm]) -> list[IndexedFilm]:
        """Return all films with the words of their groups."""
        word = {i: word for group, word in zip(self.groups, self.words, strict=True) for i in group}
        return [replace(film, split=word[i]) for i, film in enumerate(films)]

    def turned(self, turns: int) -> Split:
        """Return the same groups with other roles: group ``turns`` for the test, the next to choose by."""
        count = len(self.groups)
        test, validation = turns % count, (turns + 1) % count
        return _with_roles(self.name, self.groups, test, validation)


def paper_split(films: Sequence[IndexedFilm]) -> Split:
    """Deal as the source paper does: by lung area within each class, one by one, into five groups.

    Group 0 is the test, 1 the validation, 2 to 4 the training. Equal areas are ordered by SOP Instance
    UID. It knows no patients: where a baby has several films, `patient_folds` is the one to use.

    Raises
    ------
    UnusableSplit
        If there are fewer than five films.
    """
    singles = [(i,) for i in range(len(films))]
    return _with_roles("paper", _deal(films, singles, 5, "films"), 0, 1)


def patient_folds(films: Sequence[IndexedFilm], folds: int = 5) -> tuple[Split, ...]:
    """Deal likewise, but whole patients, and together with them those who share a film that looks alike.

    Returns
    -------
    tuple of Split
        One for each fold: fold k is tested on group k, chooses by the next, and learns from the others.

    Raises
    ------
    UnusableSplit
        If there are fewer patients than folds, or fewer than three folds.
    """
    if folds < 3:
        raise UnusableSplit(f"{folds} folds; at least 3 are needed to train, to choose and to test")
    first = _with_roles("patient", _deal(films, babies(films), folds, "patients"), 0, 1)
    return tuple(first.turned(fold) for fold in range(folds))


def given_split(films: Sequence[IndexedFilm]) -> Split:
    """Take the groups from the column ``split``: ``train``, ``val``, and whatever else to be measured on.

    Raises
    ------
    UnusableSplit
        If a film has no word there.
    """
    bare = [film for film in films if not film.split]
    if bare:
        raise UnusableSplit(
            f"{bare[0].path} has no word in the column split; write one, or deal the films anew"
        )
    present = {film.split for film in films}
    ordered = [word for word in (TRAIN, VALIDATION, TEST) if word in present]
    words = (*ordered, *sorted(present.difference(ordered)))
    groups = tuple(tuple(i for i, film in enumerate(films) if film.split == word) for word in words)
    return Split(
        name="given",
        groups=groups,
        training=tuple(i for i, word in enumerate(words) if word == TRAIN),
        validation=tuple(i for i, word in enumerate(words) if word == VALIDATION),
        test=tuple(i for i, word in enumerate(words) if word not in (TRAIN, VALIDATION)),
        words=words,
    )


def _with_roles(name: str, groups: tuple[tuple[int, ...], ...], test: int, validation: int) -> Split:
    training = tuple(i for i in range(len(groups)) if i not in (test, validation))
    words = [TRAIN] * len(groups)
    words[test], words[validation] = TEST, VALIDATION
    return Split(name, groups, training, (validation,), (test,), tuple(words))


def _deal(
    films: Sequence[IndexedFilm], units: Sequence[tuple[int, ...]], count: int, things: str
) -> tuple[tuple[int, ...], ...]:
    """Sort units of films by class and mean lung area and deal them out; each class starts at group 0."""
    if len(units) < count:
        told = "; a column patient or --patient-pattern tells them apart" if things == "patients" else ""
        raise UnusableSplit(
            f"{len(units)} {things} cannot be dealt into {count} groups{told}; add {things}, or --split none"
        )
    groups: list[list[int]] = [[] for _ in range(count)]
    for label in (True, False, None):
        members = sorted((unit for unit in units if _label(films, unit) is label), key=_order(films))
        for rank, unit in enumerate(members):
            groups[rank % count].extend(unit)
    return tuple(tuple(sorted(group)) for group in groups)


def _label(films: Sequence[IndexedFilm], unit: tuple[int, ...]) -> bool | None:
    labels = {films[i].rds for i in unit} - {None}
    return any(labels) if labels else None


def _order(films: Sequence[IndexedFilm]) -> Callable[[tuple[int, ...]], tuple[float, str, int]]:
    def order(unit: tuple[int, ...]) -> tuple[float, str, int]:
        area = sum(films[i].roi_area for i in unit) / len(unit)
        return area, min(films[i].sop_instance_uid for i in unit), unit[0]

    return order


def babies(films: Sequence[IndexedFilm]) -> list[tuple[int, ...]]:
    """Join the films of one patient, and patients who share a film that looks alike: positions of films."""
    parent = list(range(len(films)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for i, film in enumerate(films):
        parent[root(i)] = root(first.setdefault(film.patient, i))
    for i, j, _ in find_look_alikes([film.perceptual_hash for film in films]):
        parent[root(j)] = root(i)
    units: dict[int, list[int]] = {}
    for i in range(len(films)):
        units.setdefault(root(i), []).append(i)
    return [tuple(unit) for unit in units.values()]
