"""Whoever is turned away a thousand times is told of once a minute, with their number."""

from functools import partial

import pytest

from node.audit import flood
from node.audit.auditor import Auditor, Peer
from node.audit.flood import Flood
from node.audit.message import AuditSource
from tests.support.audit import check


class Clock:
    """Goes when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Kept(list):
    """A trail in memory."""


@pytest.fixture
def clock():
    return Clock()


def auditor_with(trail, clock, has_room=lambda: True):
    return Auditor(trail, AuditSource("NODE"), "NEOLUNG", "host", partial(Flood, has_room, clock))


def reasons(trail):
    return [check(line).findtext("EventIdentification/EventOutcomeDescription") for line in trail]


def refuse(auditor, address, times=1):
    for _ in range(times):
        auditor.peer_refused(Peer("", address, is_requestor=True), "unknown")


def test_one_alert_a_minute_and_address_with_the_number_of_the_others(clock):
    auditor = auditor_with(trail := Kept(), clock)
    refuse(auditor, "10.0.0.1", 1000)
    refuse(auditor, "10.0.0.2")
    assert reasons(trail) == ["unknown", "unknown"]
    clock.now = 59.0
    refuse(auditor, "10.0.0.1")
    clock.now = 60.0
    refuse(auditor, "10.0.0.1")
    assert reasons(trail)[2:] == ["refused; 1000 more in the minute before", "unknown"]


def test_what_was_left_out_of_one_is_told_with_the_next_of_any_or_at_the_end(clock):
    auditor = auditor_with(trail := Kept(), clock)
    refuse(auditor, "10.0.0.1", 6)
    clock.now = 61.0
    refuse(auditor, "10.0.0.2", 3)
    auditor.application_stopped()
    told = [
        "unknown",
        "refused; 5 more in the minute before",
        "unknown",
        "refused; 2 more in the minute before",
    ]
    assert reasons(trail) == [*told, None]


def test_a_machine_with_a_network_of_addresses_is_one(clock):
    auditor = auditor_with(trail := Kept(), clock)
    for number in range(50):
        refuse(auditor, f"2001:db8::{number:x}")
    assert len(trail) == 1
    refuse(auditor, "2001:db8:0:1::1")
    assert len(trail) == 2


def test_more_addresses_than_are_told_apart_count_as_one(clock, monkeypatch):
    monkeypatch.setattr(flood, "_MOST_ADDRESSES", 10)
    auditor = auditor_with(trail := Kept(), clock)
    for number in range(200):
        refuse(auditor, f"10.0.0.{number}")
    assert len(trail) == 11


def test_on_a_full_disk_nobody_from_outside_adds_to_the_trail(clock):
    auditor = auditor_with(trail := Kept(), clock, lambda: False)
    refuse(auditor, "10.0.0.1", 3)
    auditor.user_authenticated(Peer("", "10.0.0.1", True), failure="wrong passcode")
    assert trail == []
    auditor.settings_changed("user kim added")
    assert len(trail) == 1


def test_wrong_passcodes_are_bounded_and_right_ones_are_all_told(clock):
    auditor = auditor_with(trail := Kept(), clock)
    peer = Peer("CR1", "10.0.0.1", True, "kim", "kim")
    for _ in range(100):
        auditor.user_authenticated(peer, failure="wrong passcode")
    assert len(trail) == 1
    for _ in range(3):
        auditor.user_authenticated(peer)
    assert len(trail) == 4
