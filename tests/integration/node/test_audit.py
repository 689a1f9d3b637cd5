"""What a real node writes into its audit trail, and what a real syslog server gets of it."""

import base64
import re
import socket
import ssl
import threading
from functools import partial

import pytest

from node.audit.forwarder import Forwarder
from node.audit.syslog import make_transport
from node.audit.trail import AuditTrail
from node.composition.auditing import connect_repository
from node.config.schema import Config
from node.errors import AuditFailed
from node.network.contexts import VERIFICATION
from node.processes.lifetime import Drain
from tests.support.audit import event_of, objects_of, read_trail
from tests.support.certificates import Authority
from tests.support.films import CR, make_film
from tests.support.network import find_contexts, listening_node, query, store
from tests.support.syslog import SyslogServer
from tests.support.waiting import wait_until


def events(node):
    return [event_of(message) for message in read_trail(node.config.audit_dir)]


def outcome(message):
    return message.find("EventIdentification").get("EventOutcomeIndicator")


def test_a_transfer_is_told_at_its_begin_and_at_its_end_by_study(node):
    films = [make_film(rows=64, columns=64) for _ in range(3)]
    films[1].StudyInstanceUID = films[0].StudyInstanceUID
    with node.associate([CR]) as association:
        assert store(association, films[0]).Status == 0x0000
        assert events(node) == ["110102"]
        for film in films[1:]:
            assert store(association, film).Status == 0x0000
    wait_until(lambda: events(node) == ["110102"] * 2 + ["110104"] * 2, 5)
    *_, first, second = read_trail(node.config.audit_dir)
    counts = [each.find(".//SOPClass").get("NumberOfInstances") for each in (first, second)]
    assert counts == ["2", "1"]
    objects = objects_of(first)
    assert objects["110180"].get("ParticipantObjectID") == films[0].StudyInstanceUID
    assert objects["2"].get("ParticipantObjectID") == films[0].PatientID
    assert outcome(first) == "0"


def test_success_and_failure_of_one_transfer_are_two_messages(tmp_path):
    with listening_node(tmp_path, receive={"duplicate_policy": "report"}) as node:
        film = make_film(rows=64, columns=64)
        other = make_film(rows=64, columns=64)
        other.StudyInstanceUID, other.SOPInstanceUID = film.StudyInstanceUID, film.SOPInstanceUID
        other.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
        other.ImageComments = "other bytes"
        with node.associate([CR]) as association:
            assert store(association, film).Status == 0x0000
            assert store(association, other).Status == 0x0111
        wait_until(lambda: events(node) == ["110102", "110104", "110104"], 5)
        assert [outcome(message) for message in read_trail(node.config.audit_dir)] == ["0", "0", "4"]


def test_an_aborted_association_ends_its_transfer_too(node):
    with node.associate([CR]) as association:
        assert store(association, make_film(rows=64, columns=64)).Status == 0x0000
        association.abort()
    wait_until(lambda: events(node) == ["110102", "110104"], 5)


def test_a_query_is_told_with_its_identifier(node):
    with node.associate(find_contexts()) as association:
        query(association, "STUDY", PatientID="SECRET*")
    (message,) = read_trail(node.config.audit_dir)
    assert event_of(message) == "110112"
    identifier = base64.b64decode(message.find(".//ParticipantObjectQuery").text)
    assert b"SECRET*" in identifier
    assert "SECRET" not in node.log.getvalue()


def test_who_is_turned_away_raises_an_alert(node, tmp_path):
    with node.associate([VERIFICATION], called="SOMEBODY") as association:
        assert association.is_rejected
    (message,) = read_trail(node.config.audit_dir)
    assert event_of(message) == "110113"
    assert outcome(message) == "8"
    assert "called AE title" in message.find("EventIdentification/EventOutcomeDescription").text
    assert message.findall("ActiveParticipant")[1].get("AlternativeUserID") == "AETITLES=TESTER"


def test_a_refused_tls_client_raises_an_alert_and_a_probe_does_not(tmp_path):
    hospital = Authority(tmp_path)
    tls = hospital.tls(hospital.issue("NEOLUNG", "127.0.0.1"))
    with listening_node(tmp_path / "node", tls=tls) as node:
        socket.create_connection(("127.0.0.1", node.tls_port)).close()
        context, _ = hospital.client()
        with socket.create_connection(("127.0.0.1", node.tls_port)) as raw:
            connection = context.wrap_socket(raw, server_hostname="127.0.0.1")
            with connection, pytest.raises(ssl.SSLError):
                connection.recv(1)
        wait_until(lambda: events(node) == ["110113"], 5)


def test_a_trail_that_cannot_be_written_stops_no_film(node):
    node.config.audit_dir.parent.mkdir(exist_ok=True)
    node.config.audit_dir.touch()
    with node.associate([CR]) as association:
        assert store(association, make_film(rows=64, columns=64)).Status == 0x0000
    wait_until(lambda: "audit message lost" in node.log.getvalue(), 5)


def test_without_audit_there_is_no_trail(tmp_path):
    with listening_node(tmp_path, audit={"enabled": False}) as node:
        with node.associate([VERIFICATION], called="SOMEBODY"):
            pass
        assert not node.config.audit_dir.exists()


@pytest.fixture
def hospital(tmp_path):
    return Authority(tmp_path / "certificates")


@pytest.fixture
def server(hospital):
    return SyslogServer(hospital, hospital.issue("REPOSITORY", "127.0.0.1"))


def forwarder_to(server, hospital, trail, **settings):
    syslog = {"host": "127.0.0.1", "port": server.port, "timeout_s": 2.0} | settings
    sections = {"tls": hospital.tls(hospital.issue("NEOLUNG")), "audit": {"syslog": syslog}}
    config = Config.model_validate(sections)
    transport = make_transport(config.audit.syslog, partial(connect_repository, config))
    return Forwarder(trail, transport, "node.example")


HEADER = re.compile(
    rb"<85>1 \d{4}-\d\d-\d\dT\S+ node\.example neolung - DICOM\+RFC3881 - \xef\xbb\xbf<AuditMessage>"
)


def test_messages_reach_the_repository_over_tls_with_the_right_header(node, server, hospital):
    with node.associate([CR]) as association:
        store(association, make_film(rows=64, columns=64))
    wait_until(lambda: len(events(node)) == 2, 5)
    with server.listening():
        forwarder = forwarder_to(server, hospital, AuditTrail(node.config.audit_dir, 1000))
        while forwarder.forward():
            pass
        wait_until(lambda: len(server.messages) == 2, 5)
        forwarder._transport.close()
    assert all(HEADER.match(message) for message in server.messages)


def test_a_repository_that_goes_and_comes_gets_everything_in_order(tmp_path, server, hospital):
    trail, drain = AuditTrail(tmp_path / "audit", 300), Drain()
    written = [b'<AuditMessage EventDateTime="2026-01-01T00:00:00.000Z" n="%d"/>' % n for n in range(60)]
    with server.listening():
        pass
    forwarder = forwarder_to(server, hospital, trail)
    thread = threading.Thread(target=forwarder.run, args=(drain,))
    thread.start()
    for start in (0, 20, 40):
        for message in written[start : start + 20]:
            trail.append(message)
        with server.listening():
            wait_until(lambda: written[start + 19] in server.received, 20)  # noqa: B023
    drain.request()
    thread.join(10)
    got = [message.partition(b"\xef\xbb\xbf")[2] for message in server.messages]
    assert list(dict.fromkeys(got)) == written


def test_a_repository_with_another_certificate_gets_nothing(tmp_path, server, hospital):
    trail = AuditTrail(tmp_path / "audit", 300)
    trail.append(b"<AuditMessage/>")
    with server.listening():
        forwarder = forwarder_to(server, hospital, trail, certificate="somebody")
        with pytest.raises(AuditFailed, match="is that of REPOSITORY, not of somebody"):
            forwarder.forward()
        assert server.received == b""
    with pytest.raises(AuditFailed, match="refused"):
        forwarder_to(server, hospital, trail).forward()


def test_messages_go_by_udp_where_that_is_asked_for(tmp_path, hospital, server):
    trail = AuditTrail(tmp_path / "audit", 300)
    trail.append(b'<AuditMessage EventDateTime="2026-01-01T00:00:00.000Z"/>')
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as repository:
        repository.bind(("127.0.0.1", 0))
        repository.settimeout(5)
        port = repository.getsockname()[1]
        assert forwarder_to(server, hospital, trail, transport="udp", port=port).forward() == 1
        assert repository.recv(65535).startswith(b"<85>1 2026-01-01T00:00:00.000Z node.example neolung - ")
