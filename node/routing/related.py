"""Films of one exposure: one of them is judged and stands for all, whichever came first."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.gate.exposure import Exposure, is_same_exposure
from storage.films import StoredFilm
from storage.values import JUDGED


@dataclass(frozen=True, slots=True)
class Standing:
    """What a film's relation to others means for its analysis.

    Attributes
    ----------
    stands_for_it
        SOP Instance UID of the film whose result counts for both; "" when it is looked at itself.
    must_wait
        Whether it depends on a film whose analysis is still to come.
    """

    stands_for_it: str = ""
    must_wait: bool = False


def standing(film: StoredFilm, beside: Sequence[StoredFilm]) -> Standing:
    """Decide whether a film is judged, or left alone because another of its exposure is.

    Only films before it in the order of `Exposure.rank` count, so that two films never wait for each other.
    A raw image or enhanced copy is left alone beside any such film that was analysed; an ordinary film only
    beside one that could be judged.
    """
    mine = Exposure.from_facts(film.facts)
    before = [other for other in in_order(beside) if _comes_before(other, film)]
    same = [other for other in before if _shows_the_same(other, film)]
    judged = next((other for other in same if other.outcome in JUDGED), None)
    if judged is not None:
        return Standing(stands_for_it=judged.sop_instance_uid)
    if any(other.is_waiting for other in same):
        return Standing(must_wait=True)
    analysed = next((other for other in same if other.outcome), None)
    if analysed is not None and mine.is_by_product:
        return Standing(stands_for_it=analysed.sop_instance_uid)
    return Standing()


def in_order(films: Sequence[StoredFilm]) -> list[StoredFilm]:
    """Sort films so that of each exposure the one that stands for it comes first."""
    return sorted(films, key=_place)


def representatives(films: Sequence[StoredFilm]) -> list[StoredFilm]:
    """Give one film of each exposure, the first in order."""
    chosen: list[StoredFilm] = []
    for film in in_order(films):
        if not any(_shows_the_same(film, other) for other in chosen):
            chosen.append(film)
    return chosen


def _place(film: StoredFilm) -> tuple[bool | int | str, ...]:
    return (*Exposure.from_facts(film.facts).rank, film.sop_instance_uid)


def _comes_before(other: StoredFilm, film: StoredFilm) -> bool:
    return other.instance_id != film.instance_id and _place(other) < _place(film)


def _shows_the_same(one: StoredFilm, other: StoredFilm) -> bool:
    exposures = (Exposure.from_facts(film.facts) for film in (one, other))
    return is_same_exposure(next(exposures), one.sop_instance_uid, next(exposures), other.sop_instance_uid)
