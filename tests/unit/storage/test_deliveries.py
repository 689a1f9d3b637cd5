"""Deliveries are kept with their answers, and a destination that fails is left alone for a while."""

from datetime import timedelta

from storage.breaker import (
    NO_TROUBLE,
    Breaker,
    destination_down_until,
    end_pause,
    note_failure,
    note_success,
    trouble_with,
)
from storage.deliveries import deliveries_of, record_delivery
from storage.ledger import Ledger
from tests.support.ledgers import CR, add
from tests.unit.storage.conftest import HandClock

SECOND = timedelta(seconds=1)
BREAKER = Breaker(threshold=2, first_pause=10 * SECOND, longest_pause=30 * SECOND)


def fail(ledger: Ledger, name: str = "PACS") -> timedelta | None:
    """Note a failure; give the pause that it caused."""
    with ledger.begin() as connection:
        until = note_failure(connection, name, "association refused", breaker=BREAKER)
        assert destination_down_until(connection, name) == until
        return None if until is None else until - ledger.now(connection)


def is_down(ledger: Ledger, name: str = "PACS") -> bool:
    with ledger.read() as connection:
        return destination_down_until(connection, name) is not None


def test_every_delivery_is_kept_in_order(ledger: Ledger, clock: HandClock) -> None:
    with ledger.begin() as connection:
        stored = add(connection)
        record_delivery(connection, stored.instance_id, "PACS", 0xA700)
        clock.advance(SECOND)
        record_delivery(connection, stored.instance_id, "PACS", 0x0000)
        record_delivery(connection, stored.instance_id, "ARCHIVE", 0xB000)
        deliveries = deliveries_of(connection, stored.instance_id)

    assert [(each.destination, each.status) for each in deliveries] == [
        ("PACS", 0xA700),
        ("PACS", 0x0000),
        ("ARCHIVE", 0xB000),
    ]
    assert deliveries[1].delivered_at == clock()
    assert deliveries[0].sop_instance_uid == stored.sop_instance_uid
    assert deliveries[0].sop_class_uid == CR
    assert {each.committed_at for each in deliveries} == {None}


def test_an_object_never_sent_has_no_deliveries(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        assert deliveries_of(connection, add(connection).instance_id) == []


def test_the_pause_doubles_up_to_the_longest(ledger: Ledger) -> None:
    pauses = [fail(ledger) for _ in range(5)]

    assert pauses == [None, 10 * SECOND, 20 * SECOND, 30 * SECOND, 30 * SECOND]


def test_a_destination_is_tried_again_after_the_pause(ledger: Ledger, clock: HandClock) -> None:
    fail(ledger)
    fail(ledger)
    assert is_down(ledger)
    assert not is_down(ledger, "OTHER")
    clock.advance(10 * SECOND)
    assert not is_down(ledger)


def test_one_success_forgets_all_failures(ledger: Ledger) -> None:
    fail(ledger)
    fail(ledger)
    with ledger.begin() as connection:
        note_success(connection, "PACS")
        note_success(connection, "NEVER SEEN")

    assert not is_down(ledger)
    assert fail(ledger) is None


def test_the_end_of_a_pause_forgets_no_failure(ledger: Ledger) -> None:
    fail(ledger)
    fail(ledger)
    with ledger.begin() as connection:
        end_pause(connection, "PACS")
        trouble = trouble_with(connection, "PACS")

    assert (trouble.failures, trouble.down_until, trouble.error) == (2, None, "association refused")
    assert fail(ledger) == 20 * SECOND


def test_a_destination_that_never_failed_is_in_no_trouble(ledger: Ledger) -> None:
    with ledger.read() as connection:
        assert trouble_with(connection, "NEVER SEEN") == NO_TROUBLE


def test_countless_failures_do_not_overflow() -> None:
    assert Breaker().pause(10**6) == Breaker().longest_pause
