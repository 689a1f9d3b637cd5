"""A request for storage commitment is owed a report until that was taken or given up."""

from datetime import timedelta

import pytest

from storage.commitment_requests import (
    CommitmentRequest,
    RequestState,
    add_request,
    end_request,
    forget_requests,
    hold_asked,
    hold_request,
    put_off_request,
    release_asked,
)
from storage.ledger import Ledger
from tests.unit.storage.conftest import HandClock

MINUTE = timedelta(minutes=1)
OBJECTS = (("1.2.840.10008.5.1.4.1.1.1", "1.2.3"), ("1.2.840.10008.5.1.4.1.1.1", "1.2.4"))


def ask(
    ledger: Ledger,
    transaction_uid: str = "2.25.1",
    calling: str = "XRAY",
    objects: object = OBJECTS,
    lease: timedelta = timedelta(0),
) -> bool:
    with ledger.begin() as connection:
        return add_request(connection, calling, transaction_uid, objects, lease=lease)


def end(ledger: Ledger, held: CommitmentRequest, state: RequestState = RequestState.REPORTED) -> None:
    with ledger.begin() as connection:
        end_request(connection, held, state)


def test_a_request_is_held_by_one_and_comes_back_when_its_lease_ends(
    ledger: Ledger, clock: HandClock
) -> None:
    assert ask(ledger)

    held = hold_request(ledger, MINUTE)

    assert held is not None
    assert (held.calling_ae_title, held.transaction_uid, held.references, held.attempt) == (
        "XRAY",
        "2.25.1",
        OBJECTS,
        1,
    )
    assert hold_request(ledger, MINUTE) is None
    clock.advance(2 * MINUTE)
    again = hold_request(ledger, MINUTE)
    assert again is not None
    assert again.attempt == 2


def test_a_new_request_is_left_to_the_process_that_took_it_while_that_lives(
    ledger: Ledger, clock: HandClock
) -> None:
    for number in range(3):
        ask(ledger, f"2.25.{number}", lease=MINUTE)

    assert hold_request(ledger, MINUTE) is None
    held = hold_asked(ledger, "XRAY", "2.25.0", MINUTE)
    assert held is not None
    assert held.attempt == 1
    assert hold_asked(ledger, "XRAY", "2.25.0", MINUTE) is None
    assert hold_asked(ledger, "CT", "2.25.1", MINUTE) is None
    release_asked(ledger, "XRAY", "2.25.1")
    left = hold_request(ledger, 9 * MINUTE)
    assert left is not None
    assert left.transaction_uid == "2.25.1"
    end(ledger, held)
    clock.advance(2 * MINUTE)
    lost = hold_request(ledger, MINUTE)
    assert lost is not None
    assert lost.transaction_uid == "2.25.2"
    assert hold_asked(ledger, "XRAY", "2.25.2", MINUTE) is None


@pytest.mark.parametrize("state", [RequestState.REPORTED, RequestState.GIVEN_UP])
def test_what_ended_is_over(ledger: Ledger, clock: HandClock, state: RequestState) -> None:
    ask(ledger)
    held = hold_request(ledger, MINUTE)
    assert held is not None
    end(ledger, held, state)
    clock.advance(2 * MINUTE)

    assert hold_request(ledger, MINUTE) is None


def test_who_was_overtaken_changes_nothing(ledger: Ledger, clock: HandClock) -> None:
    ask(ledger)
    first = hold_request(ledger, MINUTE)
    clock.advance(2 * MINUTE)
    second = hold_request(ledger, MINUTE)
    assert first is not None
    assert second is not None

    end(ledger, first)

    clock.advance(2 * MINUTE)
    assert hold_request(ledger, MINUTE) is not None


def test_a_report_that_was_put_off_is_due_after_its_pause(ledger: Ledger, clock: HandClock) -> None:
    ask(ledger)
    held = hold_request(ledger, MINUTE)
    assert held is not None
    with ledger.begin() as connection:
        put_off_request(connection, held, 3 * MINUTE, "not reached")

    clock.advance(2 * MINUTE)
    assert hold_request(ledger, MINUTE) is None
    clock.advance(MINUTE)
    assert hold_request(ledger, MINUTE) is not None


def test_the_oldest_comes_first_and_peers_do_not_share_transactions(ledger: Ledger, clock: HandClock) -> None:
    ask(ledger, "2.25.2")
    clock.advance(MINUTE)
    assert ask(ledger, "2.25.2", "OTHER", OBJECTS[:1])

    held = [hold_request(ledger, MINUTE) for _ in range(2)]

    assert [each.calling_ae_title for each in held if each] == ["XRAY", "OTHER"]


def test_a_repeated_request_is_owed_a_report_again_and_another_one_is_none(ledger: Ledger) -> None:
    ask(ledger)
    held = hold_request(ledger, MINUTE)
    assert held is not None
    end(ledger, held)

    assert not ask(ledger, objects=OBJECTS[:1])
    assert hold_request(ledger, MINUTE) is None
    assert ask(ledger)
    assert hold_request(ledger, MINUTE) is not None


def test_only_old_and_ended_requests_are_forgotten(ledger: Ledger, clock: HandClock) -> None:
    ask(ledger, "2.25.1")
    held = hold_request(ledger, MINUTE)
    assert held is not None
    end(ledger, held)
    ask(ledger, "2.25.2")
    clock.advance(3 * MINUTE)

    assert forget_requests(ledger, clock() - 4 * MINUTE) == 0
    assert forget_requests(ledger, clock()) == 1
    assert forget_requests(ledger, clock()) == 0
    left = hold_request(ledger, MINUTE)
    assert left is not None
    assert left.transaction_uid == "2.25.2"
