"""What a peer can make the node hold, and how long it can make it wait: bounded, with real sockets."""

import socket
import struct
import time
from contextlib import closing

import pytest
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from node.network.contexts import STUDY_ROOT_FIND, VERIFICATION
from node.users import Users
from tests.support.audit import event_of, read_trail
from tests.support.films import CR, make_film
from tests.support.network import dcmtk, listening_node, store
from tests.support.waiting import wait_until

GONE = r"reset|pipe|descriptor"
"""What the system says to one who goes on sending."""


def answers(node):
    """Whether another peer is served meanwhile."""
    with node.associate([VERIFICATION]) as association:
        return association.send_c_echo().Status == 0x0000


def is_closed_within(connection, seconds):
    """Whether the node closes a connection in time, whatever it says before."""
    connection.settimeout(seconds)
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def send_slowly(connection, pieces, pause_s=0.05):
    for piece in pieces:
        connection.sendall(piece)
        time.sleep(pause_s)


def p_data(*values, context=1):
    """Encode a P-DATA-TF PDU of values with their control headers."""
    items = b"".join(struct.pack(">LB", len(value) + 1, context) + value for value in values)
    return struct.pack(">BBL", 4, 0, len(items)) + items


@pytest.fixture
def slow(tmp_path):
    limits = {"acse_timeout_s": 1.0, "network_timeout_s": 1.0, "dimse_timeout_s": 1.0}
    with listening_node(tmp_path, limits=limits) as node:
        yield node


def test_a_connection_that_says_nothing_is_closed(slow):
    with closing(socket.create_connection(("127.0.0.1", slow.port))) as connection:
        assert answers(slow)
        assert is_closed_within(connection, 4)


def test_an_association_request_that_dribbles_is_cut_off(slow):
    with closing(socket.create_connection(("127.0.0.1", slow.port))) as connection:
        started = time.monotonic()
        dribble = [bytes([byte]) for byte in struct.pack(">BBL", 1, 0, 400) + bytes(400)]
        with pytest.raises(OSError, match=GONE):
            send_slowly(connection, dribble)
        assert time.monotonic() - started < 5
    assert answers(slow)


def test_half_a_pdu_on_an_association_is_cut_off(slow):
    with slow.associate([CR]) as association:
        association.dul.socket.socket.sendall(struct.pack(">BBL", 4, 0, 1000) + b"half")
        wait_until(lambda: slow.entity.associations == 0, 5)
    assert answers(slow)


def test_a_pdu_that_dribbles_is_cut_off(slow):
    with slow.associate([CR]) as association:
        connection = association.dul.socket.socket
        started = time.monotonic()
        dribble = [bytes([byte]) for byte in struct.pack(">BBL", 4, 0, 400) + bytes(400)]
        with pytest.raises(OSError, match=GONE):
            send_slowly(connection, dribble)
        assert time.monotonic() - started < 6


def test_a_message_that_dribbles_in_whole_pdus_is_cut_off(slow):
    with slow.associate([CR]) as association:
        connection = association.dul.socket.socket
        started = time.monotonic()
        with pytest.raises(OSError, match=GONE):
            send_slowly(connection, [p_data(b"\x01x")] * 200)
        assert time.monotonic() - started < 6
    assert "message too slow" in slow.log.getvalue()


@pytest.mark.parametrize("kind", [1, 4])
def test_a_pdu_of_absurd_length_is_not_waited_for(node, kind):
    with closing(socket.create_connection(("127.0.0.1", node.port))) as connection:
        connection.sendall(struct.pack(">BBL", kind, 0, 0xFFFFFFFF) + b"x" * 100)
        assert is_closed_within(connection, 5)
    assert answers(node)


def test_a_command_set_without_end_is_cut_off(node):
    with node.associate([CR]) as association:
        connection = association.dul.socket.socket
        with pytest.raises(OSError, match=GONE):
            send_slowly(connection, [p_data(b"\x01" + b"x" * 16000)] * 1000, 0.001)
        wait_until(lambda: "command set too large" in node.log.getvalue(), 5)


def test_a_query_larger_than_any_is_cut_off_before_it_is_held(node):
    with node.associate([STUDY_ROOT_FIND]) as association:
        connection = association.dul.socket.socket
        connection.sendall(p_data(b"\x03" + _find_command()))
        with pytest.raises(OSError, match=GONE):
            send_slowly(connection, [p_data(b"\x00" + b"x" * 16000)] * 1000, 0.001)
        wait_until(lambda: "request too large" in node.log.getvalue(), 5)
    assert answers(node)


def test_requests_without_waiting_for_answers_are_cut_off(tmp_path):
    with listening_node(tmp_path) as node, node.associate([VERIFICATION]) as association:
        connection = association.dul.socket.socket
        with pytest.raises(OSError, match=GONE):
            send_slowly(connection, [p_data(b"\x03" + _echo_command()) * 50] * 100_000, 0)
        wait_until(lambda: "without waiting for answers" in node.log.getvalue(), 5)


def test_objects_of_all_associations_together_are_bounded(tmp_path):
    limits = {"max_buffered_bytes": 3_000_000}
    with listening_node(tmp_path, limits=limits) as node, node.associate([CR]) as first:
        assert store(first, make_film(rows=1000, columns=1000)).Status == 0x0000
        connection = first.dul.socket.socket
        connection.sendall(p_data(b"\x03" + _store_command()) + p_data(b"\x00" + b"x" * 100_000) * 25)
        wait_until(lambda: node.entity._guard._budget.held > 2_000_000, 10)
        with node.associate([CR]) as second:
            assert store(second, make_film(rows=1000, columns=1000)).Status == 0xA700
        first.abort()


def test_a_peer_may_have_only_so_many_associations(tmp_path):
    peers = [
        {"name": "cr", "ae_title": "CR", "max_associations": 1},
        {"name": "others", "addresses": ["127.0.0.1"]},
    ]
    with listening_node(tmp_path, access={"peers": peers}) as node:
        with node.associate([VERIFICATION], calling="CR") as first:
            assert first.is_established
            with node.associate([VERIFICATION], calling="CR") as second:
                answer = second.acceptor.primitive
                assert (answer.result, answer.result_source, answer.diagnostic) == (2, 3, 2)
            with node.associate([VERIFICATION], calling="PACS") as other:
                assert other.is_established
        wait_until(lambda: node.entity.associations == 0, 5)
        with node.associate([VERIFICATION], calling="CR") as again:
            assert again.is_established


@pytest.fixture
def guarded(tmp_path):
    """Give a node that asks peers for a user and passcode."""
    users = Users(tmp_path / "users")
    users.put("kim", "right")
    peers = [
        {"name": "pacs", "ae_title": "PACS", "user": "passcode"},
        {"name": "ward", "ae_title": "WARD", "user": "name"},
        {"name": "open", "ae_title": "OPEN"},
    ]
    with listening_node(tmp_path, access={"peers": peers, "users": str(users._file)}) as node:
        yield node


def identity(name, passcode=None, *, response=False):
    item = UserIdentityNegotiation()
    item.user_identity_type = 1 if passcode is None else 2
    item.primary_field = name.encode()
    if passcode is not None:
        item.secondary_field = passcode.encode()
    item.positive_response_requested = response
    return [item]


@pytest.mark.parametrize(
    ("calling", "items", "gets_in"),
    [
        ("PACS", identity("kim", "right"), True),
        ("PACS", identity("kim", "wrong"), False),
        ("PACS", identity("eve", "right"), False),
        ("PACS", identity("kim"), False),
        ("PACS", [], False),
        ("WARD", identity("kim"), True),
        ("WARD", identity("eve"), False),
        ("WARD", identity("kim", "wrong"), False),
        ("OPEN", [], True),
        ("OPEN", identity("kim", "wrong"), False),
    ],
)
def test_a_user_must_be_named_rightly_where_that_is_asked(guarded, calling, items, gets_in):
    with guarded.associate([VERIFICATION], calling=calling, ext_neg=items) as association:
        assert association.is_established is gets_in
        if not gets_in:
            answer = association.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (1, 2, 1)
    log = guarded.log.getvalue()
    assert "right" not in log
    assert "kim" not in log


def test_a_positive_response_is_given_when_it_is_asked_for(guarded):
    for response in (True, False):
        items = identity("kim", "right", response=response)
        with guarded.associate([VERIFICATION], calling="PACS", ext_neg=items) as association:
            assert association.is_established
            given = association.acceptor.user_identity
            assert (given is not None) is response
            assert given is None or given.server_response == b""


def test_logins_are_audited(guarded):
    for passcode in ("right", "wrong"):
        with guarded.associate([VERIFICATION], calling="PACS", ext_neg=identity("kim", passcode)):
            pass
    messages = read_trail(guarded.config.audit_dir)
    outcomes = [
        message.find("EventIdentification").get("EventOutcomeIndicator")
        for message in messages
        if event_of(message) == "110114"
    ]
    assert outcomes == ["0", "4"]


@pytest.mark.dcmtk
def test_dcmtk_names_its_user(guarded):
    film = guarded.config.node.data_dir / "film.dcm"
    make_film(rows=64, columns=64).save_as(film, enforce_file_format=True)
    where = ["-aet", "PACS", "-aec", "NEOLUNG", "127.0.0.1", str(guarded.port), film]
    assert dcmtk("storescu", "-R", "-usr", "kim", "-pwd", "right", "-rsp", *where).returncode == 0
    assert dcmtk("storescu", "-R", "-usr", "kim", "-pwd", "wrong", "-rsp", *where).returncode != 0
    assert dcmtk("storescu", "-R", *where).returncode != 0


def _echo_command():
    return _command(0x0030, VERIFICATION)


def _find_command():
    return _command(0x0020, STUDY_ROOT_FIND, data_set=0x0001, more=struct.pack("<HHLH", 0, 0x0700, 2, 0))


def _store_command():
    uid = b"1.2.3\0"
    more = struct.pack("<HHLH", 0, 0x0700, 2, 0) + struct.pack("<HHL", 0, 0x1000, len(uid)) + uid
    return _command(0x0001, CR, data_set=0x0001, more=more)


def _command(field, sop_class, *, data_set=0x0101, more=b""):
    """Encode a command set in Implicit VR Little Endian, without its group length, which nobody needs."""
    uid = str(sop_class).encode()
    uid += b"\0" * (len(uid) % 2)
    early, late = (more[:10], more[10:]) if more else (b"", b"")
    return (
        struct.pack("<HHL", 0, 0x0002, len(uid))
        + uid
        + struct.pack("<HHLH", 0, 0x0100, 2, field)
        + struct.pack("<HHLH", 0, 0x0110, 2, 7)
        + early
        + struct.pack("<HHLH", 0, 0x0800, 2, data_set)
        + late
    )
