"""Locked babies: chosen once, written down, and never learnt from by any later training.

New babies are dealt in the order of a hash of their pseudonym, so that each class has its share in every
split however few there are; whoever was dealt once keeps his place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from train.curves import replace_text
from train.data.index import IndexedFilm
from train.data.splits import TEST, TRAIN, VALIDATION, babies
from train.errors import UnusableSplit

LOCK_NAME = "locked.json"
SHARES = ((TEST, 0.2), (VALIDATION, 0.15))
"""Parts of the babies that are not learnt from; rounded, within each class."""
_FORMAT = "neolung-locked-babies 1"
_KEYS = {TEST: "locked", VALIDATION: "validation", TRAIN: "training"}


@dataclass(frozen=True, slots=True)
class Lock:
    """Pseudonyms that were dealt.

    Attributes
    ----------
    locked
        Babies on whom bundles are compared, and nothing else.
    validation
        Babies by whom epochs, temperature and threshold are chosen.
    """

    locked: frozenset[str] = frozenset()
    validation: frozenset[str] = frozenset()
    training: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """SHA-256 of the locked pseudonyms."""
        return sha256("\n".join(sorted(self.locked)).encode()).hexdigest()

    def place(self, patients: Iterable[str]) -> str:
        """Give the split of babies who go together; empty for new ones. Locked ones draw the others along."""
        these = set(patients)
        if these & self.locked:
            return TEST
        if these & self.validation:
            return VALIDATION
        return TRAIN if these & self.training else ""


@dataclass(slots=True)
class _Dealer:
    """Deals the babies of one class so that the shares are met at any number."""

    babies: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {TEST: 0, VALIDATION: 0, TRAIN: 0})

    def count(self, split: str) -> None:
        self.babies += 1
        self.counts[split] += 1

    def deal(self) -> str:
        split = next(
            (one for one, share in SHARES if share * (self.babies + 1) - self.counts[one] >= 0.5), TRAIN
        )
        self.count(split)
        return split


def read_lock(path: Path) -> Lock:
    """Read a lock; an empty one where there is no file yet.

    Raises
    ------
    UnusableSplit
        If the file is no lock.
    """
    if not path.exists():
        return Lock()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        is_ours = document["format"] == _FORMAT
        lock = Lock(*(frozenset(document[key]) for key in _KEYS.values()))
    except (ValueError, KeyError, TypeError):
        is_ours = False
    if not is_ours:
        raise UnusableSplit(
            f"{path} is no list of locked babies; put the original back: without it babies that a bundle was "
            "measured on could be learnt from"
        )
    return lock


def deal(films: Sequence[IndexedFilm], path: Path) -> tuple[list[IndexedFilm], Lock]:
    """Give every film its split, and write down the babies that are new in the lock.

    Parameters
    ----------
    path
        Of the lock file; made where it is missing, extended where babies are new.

    Returns
    -------
    tuple
        The films with ``train``, ``val`` or ``test`` in place of what their index said, and the lock.

    Notes
    -----
    Films of one baby, and babies who share a film that looks alike, go together. A baby whose index says
    ``test`` is locked as well.
    """
    before = read_lock(path)
    units = [_Unit.of(films, unit, before) for unit in babies(films)]
    dealers = {label: _Dealer() for label in (True, False, None)}
    for unit in units:
        if unit.split:
            dealers[unit.label].count(unit.split)
    for unit in sorted((unit for unit in units if not unit.split), key=lambda unit: unit.order):
        unit.split = dealers[unit.label].deal()
    lock = _grown(before, units)
    _write(path, lock)
    split_of = {i: unit.split for unit in units for i in unit.films}
    return [replace(film, split=split_of[i]) for i, film in enumerate(films)], lock


def refuse_learnt(lock: Lock, learnt: Iterable[str], start: str) -> None:
    """Refuse to measure on babies that the bundle to start from has learnt from.

    Parameters
    ----------
    learnt
        Marks of babies, see `mark`, that the bundle's manifest names.

    Raises
    ------
    UnusableSplit
        Says how many.
    """
    both = {mark(patient) for patient in lock.locked} & set(learnt)
    if both:
        raise UnusableSplit(
            f"{len(both)} of {len(lock.locked)} locked babies were learnt from by {start}; give the lock "
            "file that this bundle was trained with (--lock), or start from an older bundle"
        )


def mark(patient: str) -> str:
    """Give a short digest of a pseudonym, by which a bundle remembers whom it learnt from."""
    return sha256(f"neolung learnt {patient}".encode()).hexdigest()[:16]


@dataclass(slots=True)
class _Unit:
    """Babies who go together, by the positions of their films; ``split`` is empty until they are dealt."""

    films: tuple[int, ...]
    patients: frozenset[str]
    label: bool | None
    split: str

    @classmethod
    def of(cls, films: Sequence[IndexedFilm], unit: tuple[int, ...], before: Lock) -> _Unit:
        its = [films[i] for i in unit]
        patients = frozenset(film.patient for film in its)
        labels = {film.rds for film in its} - {None}
        given = TEST if any(film.split == TEST for film in its) else ""
        return cls(unit, patients, any(labels) if labels else None, given or before.place(patients))

    @property
    def order(self) -> str:
        return sha256(f"neolung lock {min(self.patients)}".encode()).hexdigest()


def _grown(before: Lock, units: Sequence[_Unit]) -> Lock:
    patients = {
        split: {one for unit in units if unit.split == split for one in unit.patients} for split in _KEYS
    }
    locked = before.locked | patients[TEST]
    validation = (before.validation | patients[VALIDATION]) - locked
    return Lock(locked, validation, (before.training | patients[TRAIN]) - locked - validation)


def _write(path: Path, lock: Lock) -> None:
    named = (lock.locked, lock.validation, lock.training)
    lists = {key: sorted(patients) for key, patients in zip(_KEYS.values(), named, strict=True)}
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json.dumps({"format": _FORMAT, **lists}, indent=1) + "\n")
