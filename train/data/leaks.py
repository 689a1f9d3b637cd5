"""Films that give away the test: the same baby, or the same exposure, in more than one split."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from train.data.index import IndexedFilm
from train.data.lookalikes import LOOK_ALIKE, find_look_alikes
from train.errors import UnusableSplit

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Leak:
    """Two films of different splits that are not independent.

    Attributes
    ----------
    kind
        ``patient``, ``SOP Instance UID``, ``same pixels`` or ``look-alike``.
    first, second
        Positions in the index, from 0.
    detail
        What they share, or in how many of 255 signs they differ.
    """

    kind: str
    first: int
    second: int
    detail: str

    def sentence(self, films: Sequence[IndexedFilm]) -> str:
        """Say it with the lines of the index."""
        one, other = films[self.first], films[self.second]
        return (
            f"{self.kind} ({self.detail}): line {self.first + 2} {one.path.name} in {one.split}, "
            f"line {self.second + 2} {other.path.name} in {other.split}"
        )


def find_leaks(films: Sequence[IndexedFilm], within: int = LOOK_ALIKE) -> list[Leak]:
    """Find the films of different splits that share a patient, a UID or a picture.

    Parameters
    ----------
    within
        Signs of the perceptual hash that look-alikes may differ in.

    Returns
    -------
    list of Leak
        For a patient, UID or digest, one for each further split; for look-alikes, one for each pair.
    """
    exact = [
        *_shared("patient", films, lambda film: film.patient),
        *_shared("SOP Instance UID", films, lambda film: film.sop_instance_uid),
        *_shared("same pixels", films, lambda film: film.digest),
    ]
    pairs = {(leak.first, leak.second) for leak in exact}
    alike = (
        Leak("look-alike", i, j, f"{signs} of 255 signs differ")
        for i, j, signs in find_look_alikes([film.perceptual_hash for film in films], within)
        if films[i].split != films[j].split and (i, j) not in pairs
    )
    return [*exact, *alike]


def refuse_leaks(films: Sequence[IndexedFilm]) -> None:
    """Raise UnusableSplit, naming lines and cure, if films of different splits are not independent."""
    leaks = find_leaks(films)
    if not leaks:
        return
    shown = "; ".join(leak.sentence(films) for leak in leaks[:_SHOWN])
    more = f"; and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
    raise UnusableSplit(
        f"the splits share films of one baby: {shown}{more}. "
        "Put each baby into one split, or prepare the films again with --split patient"
    )


def _shared(kind: str, films: Sequence[IndexedFilm], key: Callable[[IndexedFilm], str]) -> Iterator[Leak]:
    first: dict[str, int] = {}
    told: set[tuple[str, str]] = set()
    for i, film in enumerate(films):
        value = key(film)
        if not value:
            continue
        earlier = first.setdefault(value, i)
        if films[earlier].split != film.split and (value, film.split) not in told:
            told.add((value, film.split))
            yield Leak(kind, earlier, i, value)
