"""Every kind of message against the schema and the tables; and the checker against broken messages."""

import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.audit.auditor import Auditor, Peer, StudyPart, no_auditor
from node.audit.message import AuditSource
from node.certificates import PeerCertificate
from node.network.access import Caller, User
from tests.support.audit import check, event_of, objects_of

DETAIL = "ParticipantObjectDetail"
CR = "1.2.840.10008.5.1.4.1.1.1"
SHOWN = PeerCertificate(frozenset({"cr1"}), "ab" * 32, "CR1")
CALLER = Caller("CR1", "NEOLUNG", "10.1.2.3", SHOWN, User("kim", is_proven=True))
PART = StudyPart("1.2.3", "P1", "Kim^Baby", "A1", {CR: 2})


class Kept(list):
    append = list.append


def audited(write, name="NODE"):
    """Give the one message that comes of an event."""
    kept = Kept()
    write(Auditor(kept, AuditSource(name, "Site"), "NEOLUNG", "node.example"))
    (message,) = kept
    return check(message)


EVENTS = {
    "started": (lambda a: a.application_started(), "110100"),
    "stopped": (lambda a: a.application_stopped(), "110100"),
    "begun": (lambda a: a.transfer_begun(CALLER.as_peer, PART, is_sent=False), "110102"),
    "received": (lambda a: a.transferred(CALLER.as_peer, PART, is_sent=False), "110104"),
    "sent": (lambda a: a.transferred(Peer("PACS", "pacs.example", False), PART, is_sent=True), "110104"),
    "not sent": (
        lambda a: a.transferred(Peer("P", "::1", False), PART, is_sent=True, failure="status A700"),
        "110104",
    ),
    "query": (
        lambda a: a.queried(CALLER.as_peer, "1.2.840.10008.5.1.4.1.2.2.1", b"\x00\xff", "1.2"),
        "110112",
    ),
    "accessed": (lambda a: a.instances_accessed(CALLER.as_peer, PART), "110103"),
    "not found": (
        lambda a: a.instances_accessed(CALLER.as_peer, PART, failure="status 404"),
        "110103",
    ),
    "exported": (lambda a: a.exported([PART], "/media/usb"), "110106"),
    "refused": (lambda a: a.peer_refused(CALLER.as_peer, "unknown"), "110113"),
    "settings": (lambda a: a.settings_changed("user kim added"), "110113"),
    "software": (lambda a: a.software_changed("bundle x made active"), "110113"),
    "login": (lambda a: a.user_authenticated(CALLER.as_peer), "110114"),
    "wrong": (lambda a: a.user_authenticated(CALLER.as_peer, failure="wrong passcode"), "110114"),
    "read": (lambda a: a.log_used("/var/audit"), "110101"),
}


@pytest.mark.parametrize("name", EVENTS)
def test_each_message_is_as_the_standard_says(name):
    write, code = EVENTS[name]
    assert event_of(audited(write)) == code


def test_a_transfer_names_study_patient_and_what_was_sent():
    message = audited(EVENTS["received"][0])
    objects = objects_of(message)
    assert objects["110180"].get("ParticipantObjectID") == "1.2.3"
    assert objects["2"].get("ParticipantObjectID") == "P1"
    assert objects["2"].find("ParticipantObjectName").text == "Kim^Baby"
    assert objects["110180"].find(".//SOPClass").attrib == {"UID": CR, "NumberOfInstances": "2"}
    assert objects["110180"].find(".//Accession").get("Number") == "A1"
    source, destination = message.iter("ActiveParticipant")
    assert source.attrib == {
        "UserID": "kim",
        "AlternativeUserID": "AETITLES=CR1",
        "UserName": "kim",
        "UserIsRequestor": "true",
        "NetworkAccessPointID": "10.1.2.3",
        "NetworkAccessPointTypeCode": "2",
    }
    assert destination.get("AlternativeUserID") == "AETITLES=NEOLUNG"
    assert destination.get("NetworkAccessPointTypeCode") == "1"


def test_success_and_failure_tell_their_outcome():
    for name, outcome in (
        ("sent", "0"),
        ("not sent", "4"),
        ("accessed", "0"),
        ("not found", "4"),
        ("refused", "8"),
        ("wrong", "4"),
    ):
        assert audited(EVENTS[name][0]).find("EventIdentification").get("EventOutcomeIndicator") == outcome


def test_a_query_of_absurd_length_is_cut():
    def asked(auditor):
        auditor.queried(CALLER.as_peer, CR, b"x" * (1 << 20), "1.2")

    (described,) = audited(asked).iter("ParticipantObjectIdentification")
    assert len(b64decode(described.findtext("ParticipantObjectQuery"))) == 1 << 16
    assert any(b"1048576" in b64decode(detail.get("value")) for detail in described.iter(DETAIL))


def test_who_may_do_what_and_what_the_node_works_with_are_told_apart():
    for name, kind in (("settings", "110129"), ("software", "110131")):
        message = audited(EVENTS[name][0])
        assert message.find("EventIdentification/EventTypeCode").get("csd-code") == kind
        assert message.find("EventIdentification").get("EventOutcomeIndicator") == "0"


@given(st.text(), st.text())
def test_whatever_peers_write_the_message_is_one_line_of_good_xml(text, other):
    part = StudyPart("1.2", text, other, text, {CR: 1})
    message = audited(lambda a: a.transferred(Peer(text, other, True, other, text), part, is_sent=False))
    name = objects_of(message)["2"].find("ParticipantObjectName").text or ""
    assert name == re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", other)


def test_an_auditor_never_raises():
    class Broken:
        def append(self, message):
            raise ZeroDivisionError

    Auditor(Broken(), AuditSource("N")).application_started()
    no_auditor().application_started()


GOOD = Kept()
Auditor(GOOD, AuditSource("NODE"), "NEOLUNG", "node").transferred(CALLER.as_peer, PART, is_sent=False)


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (rb'EventDateTime="[^"]+"', b'EventDateTime="2026-01-01T00:00:00"'),
        (rb'EventActionCode="C"', b'EventActionCode="D"'),
        (rb'csd-code="110104"', b'csd-code="110199"'),
        (rb' originalText="[^"]+"', b""),
        (rb'UserIsRequestor="true"', b'UserIsRequestor="yes"'),
        (rb"<RoleIDCode[^>]+>", b""),
        (rb"<ParticipantObjectName>[^<]*</ParticipantObjectName>", b""),
        (rb"<AuditSourceIdentification.*</AuditSourceIdentification>", b""),
        (rb' NumberOfInstances="2"', b""),
        (rb' NetworkAccessPointTypeCode="2"', b""),
        (rb"</AuditMessage>", b"<Other /></AuditMessage>"),
    ],
)
def test_the_checker_finds_what_is_wrong(pattern, instead):
    broken, count = re.subn(pattern, instead, GOOD[0])
    assert count
    with pytest.raises(AssertionError):
        check(broken)
