"""One film of an exposure is judged; who it is does not depend on the order in which films come."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from node.routing.related import Standing, representatives, standing
from pipeline.gate.exposure import Exposure
from storage.films import StoredFilm
from storage.values import StoredFile

MOMENT = "20240302073000"
PLAIN, RAW, TUBE = {"is_derived": True}, {"is_raw": True}, {"is_enhanced": True, "is_derived": True}


def film(row: int, *, is_waiting: bool = False, outcome: str = "", **facts: Any) -> StoredFilm:
    return StoredFilm(
        instance_id=row,
        sop_instance_uid=f"2.25.{row}",
        study_instance_uid="2.25.100",
        calling_ae_title="A",
        called_ae_title="B",
        peer_address="",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        file=StoredFile("0", "0", 1),
        facts=Exposure(**{"moment": MOMENT, **facts}).as_facts(),
        is_waiting=is_waiting,
        outcome=outcome,
        judged_by="",
        judged_generation=-1,
        generation=0,
        asked_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_a_film_alone_is_judged() -> None:
    alone = film(1, **RAW)
    assert standing(alone, [alone]) == Standing()


def test_a_copy_waits_for_the_film_and_is_left_alone_when_that_was_judged() -> None:
    copy = film(2, **TUBE)

    assert standing(copy, [copy, film(1, is_waiting=True, **PLAIN)]) == Standing(must_wait=True)
    assert standing(copy, [copy, film(1, outcome="absent", **PLAIN)]) == Standing("2.25.1")


def test_the_film_itself_does_not_care_about_its_copies() -> None:
    plain = film(2, **PLAIN)
    assert standing(plain, [plain, film(1, outcome="present", **TUBE), film(3, **RAW)]) == Standing()


@pytest.mark.parametrize("outcome", ["not assessable", "not eligible", "failed", ""])
def test_an_ordinary_film_is_judged_when_the_better_one_could_not_be(outcome: str) -> None:
    second, copy = film(2, number="1", instance_number=2, **PLAIN), film(3, **TUBE)
    first = film(1, number="1", instance_number=1, outcome=outcome, **PLAIN)

    assert standing(second, [first, second]) == Standing()
    assert standing(copy, [first, copy]) == Standing("2.25.1" if outcome else "")


def test_films_of_other_moments_have_nothing_to_do_with_it() -> None:
    raw = film(1, **RAW)
    assert standing(raw, [raw, film(2, outcome="present", moment="20240302073100")]) == Standing()


def settle(order: tuple[StoredFilm, ...]) -> set[str]:
    """Let the worker claim films in an order until all have an outcome; give those that were judged."""
    films = {one.instance_id: one for one in order}
    judged: set[str] = set()
    for _ in range(len(order)):
        for number in [one.instance_id for one in order]:
            one = films[number]
            relation = standing(one, list(films.values()))
            if one.is_waiting and not relation.must_wait:
                outcome = "not eligible" if relation.stands_for_it else "present"
                judged |= set() if relation.stands_for_it else {one.sop_instance_uid}
                films[number] = film(
                    number, outcome=outcome, **{**one.facts, "technique": (), "source_uids": ()}
                )
    assert not any(one.is_waiting for one in films.values())
    return judged


def test_of_films_that_wait_together_the_same_one_is_judged_in_any_order() -> None:
    films = [
        film(1, is_waiting=True, **TUBE),
        film(2, is_waiting=True, **PLAIN),
        film(3, is_waiting=True, **RAW),
        film(4, is_waiting=True, is_derived=False, is_secondary=True),
    ]
    assert {frozenset(settle(order)) for order in permutations(films)} == {frozenset({"2.25.2"})}


def test_each_exposure_is_represented_once() -> None:
    films = [film(1, **TUBE), film(2, **PLAIN), film(3, moment="20240303080000", **RAW)]

    assert [one.instance_id for one in representatives(films)] == [2, 3]
