"""Who gets an association, who is turned away and how, and what connections that say nothing can do."""

import socket
import threading
import time

import pytest
from pydicom import Dataset
from pydicom.uid import ImplicitVRLittleEndian, JPEGLSLossless
from pynetdicom.presentation import build_context, build_role

from node.errors import ListenFailed
from node.network.contexts import COMMITMENT, VERIFICATION, decodable_syntaxes
from tests.support.films import CR, make_film
from tests.support.network import find_contexts, listening_node, query, store
from tests.support.waiting import wait_until

COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"


def rejection(association):
    """Give result, source and reason of the rejection."""
    assert association.is_rejected
    answer = association.acceptor.primitive
    return answer.result, answer.result_source, answer.diagnostic


def transaction():
    """Give a report or request that names its transaction and nothing else."""
    dataset = Dataset()
    dataset.TransactionUID = "1.2.3"
    return dataset


def test_echo_is_answered(node):
    with node.associate([VERIFICATION]) as association:
        assert association.send_c_echo().Status == 0x0000


def test_another_called_ae_title_is_rejected_for_good(node):
    with node.associate([VERIFICATION], called="SOMEBODY") as association:
        assert rejection(association) == (1, 1, 7)


def test_the_called_ae_title_need_not_match_when_configured(tmp_path):
    access = {"check_called_ae_title": False}
    with (
        listening_node(tmp_path, access=access) as node,
        node.associate([VERIFICATION], called="SOMEBODY") as association,
    ):
        assert association.is_established


def test_an_unknown_calling_ae_title_is_rejected_for_good(tmp_path):
    peers = [{"name": "pacs", "ae_title": "PACS", "addresses": ["127.0.0.1"]}]
    with listening_node(tmp_path, access={"peers": peers}) as node:
        with node.associate([VERIFICATION], calling="EVE") as association:
            assert rejection(association) == (1, 1, 3)
        with node.associate([VERIFICATION], calling="PACS") as association:
            assert association.is_established


def test_a_known_ae_title_from_another_address_is_rejected_as_unknown(tmp_path):
    peers = [{"name": "pacs", "ae_title": "PACS", "addresses": ["10.0.0.0/8", "127.0.0.2"]}]
    with listening_node(tmp_path, access={"peers": peers}) as node:
        with node.associate([VERIFICATION], calling="PACS") as association:
            assert rejection(association) == (1, 1, 3)
        with node.associate([VERIFICATION], calling="PACS", bind_address=("127.0.0.2", 0)) as association:
            assert association.is_established


def test_a_full_node_rejects_for_the_moment_and_accepts_again(tmp_path):
    with listening_node(tmp_path, limits={"max_associations": 2}) as node:
        with (
            node.associate([VERIFICATION]),
            node.associate([VERIFICATION]),
            node.associate([VERIFICATION]) as third,
        ):
            assert rejection(third) == (2, 3, 2)
        wait_until(lambda: node.entity.associations == 0, 5)
        with node.associate([VERIFICATION]) as association:
            assert association.is_established


def test_a_peer_without_the_query_service_is_answered_0124(tmp_path):
    peers = [{"name": "modality", "services": ["store"]}]
    with (
        listening_node(tmp_path, access={"peers": peers}) as node,
        node.associate(find_contexts()) as association,
    ):
        assert query(association, "STUDY", StudyInstanceUID="") == [(0x0124, None)]


def test_explicit_vr_is_taken_before_implicit_vr_and_that_before_compressed(node):
    proposed = [
        build_context(CR, [JPEGLSLossless, ImplicitVRLittleEndian, "1.2.840.10008.1.2.1"]),
        build_context(CR, [JPEGLSLossless, ImplicitVRLittleEndian]),
        build_context(CR, [JPEGLSLossless]),
    ]
    with node.associate(proposed) as association:
        taken = [context.transfer_syntax[0] for context in association.accepted_contexts]
    assert taken == ["1.2.840.10008.1.2.1", ImplicitVRLittleEndian, JPEGLSLossless]


def test_what_this_machine_decodes_is_accepted_and_nothing_else(node):
    unknown = "1.2.840.10008.1.2.4.100"  # MPEG-2
    proposed = [build_context(CR, [syntax]) for syntax in (*decodable_syntaxes(), unknown)]
    with node.associate(proposed) as association:
        assert [context.transfer_syntax[0] for context in association.rejected_contexts] == [unknown]


def test_the_largest_pdu_is_offered(node):
    with node.associate([VERIFICATION]) as association:
        assert association.acceptor.maximum_length == 131072


def test_small_messages_are_not_delayed(node):
    with node.associate([VERIFICATION]) as association:
        mine = association.dul.socket.socket
        (theirs,) = [
            other.dul.socket.socket
            for other in node.entity._servers[0].active_associations
            if other.is_established
        ]
        for end in (mine, theirs):
            assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert end.gettimeout() is not None


def test_a_commitment_report_is_taken_on_an_association_of_the_peer(node):
    role = build_role(COMMITMENT, scu_role=False, scp_role=True)
    with node.associate([COMMITMENT], ext_neg=[role]) as association:
        status, _ = association.send_n_event_report(transaction(), 1, COMMITMENT, COMMITMENT_INSTANCE)
        assert status.Status == 0x0000
    ((event_type, information),) = node.reports
    assert event_type == 1
    assert information.TransactionUID == "1.2.3"


def test_a_failing_report_handler_is_0110_and_the_association_goes_on(node):
    node.reports = None  # the handler fails when it appends to it
    role = build_role(COMMITMENT, scu_role=False, scp_role=True)
    with node.associate([COMMITMENT, VERIFICATION], ext_neg=[role]) as association:
        status, _ = association.send_n_event_report(transaction(), 1, COMMITMENT, COMMITMENT_INSTANCE)
        assert status.Status == 0x0110
        assert association.send_c_echo().Status == 0x0000


def test_the_node_commits_to_nothing_for_others(node):
    with node.associate([COMMITMENT]) as association:
        status, _ = association.send_n_action(transaction(), 1, COMMITMENT, COMMITMENT_INSTANCE)
        assert status.Status == 0x0211


JUNK = (
    b"",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x01\x00\x00\x00\x00\x04abcd",
    b"\x04\x00\xff\xff\xff\xff",
    b"\x01",
)


@pytest.mark.parametrize("junk", JUNK)
def test_probes_and_junk_leave_no_connection_behind(node, junk):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", node.port)) as probe:
            probe.sendall(junk)
    # Connections are taken in their order: when this one is answered, the probes were taken too.
    with node.associate([VERIFICATION]) as association:
        assert association.send_c_echo().Status == 0x0000
    wait_until(lambda: node.entity.associations == 0, 5)


def test_connections_that_say_nothing_keep_nobody_out(tmp_path):
    with listening_node(tmp_path, limits={"max_associations": 2, "acse_timeout_s": 4}) as node:
        silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(6)]
        with node.associate([VERIFICATION]) as association:
            assert association.is_established
        wait_until(lambda: node.entity.associations == 0, 20)
        for probe in silent:
            probe.close()


def test_a_stopping_node_does_not_wait_for_connections_that_say_nothing(tmp_path):
    with listening_node(tmp_path) as node:
        silent = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(3)]
        wait_until(lambda: node.entity.associations == 3, 10)
        started = time.monotonic()
        node.entity.stop(20)
        assert time.monotonic() - started < 10
        assert [probe.recv(1) for probe in silent] == [b""] * 3
        for probe in silent:
            probe.close()


def test_a_peer_that_stops_in_the_middle_of_a_message_is_dropped(tmp_path):
    limits = {"network_timeout_s": 0.5}
    with listening_node(tmp_path, limits=limits) as node, node.associate([VERIFICATION]) as association:
        association.dul.socket.socket.sendall(b"\x04\x00\x00\x01\x00\x00half a PDU")
        wait_until(lambda: node.entity.associations == 0, 10)


def test_an_idle_association_is_ended(tmp_path):
    with listening_node(tmp_path, limits={"network_timeout_s": 0.3}) as node:
        with node.associate([VERIFICATION]) as association:
            wait_until(lambda: association.is_aborted, 10)
        wait_until(lambda: node.entity.associations == 0, 10)


def test_a_stopping_node_lets_open_associations_finish(tmp_path):
    with listening_node(tmp_path) as node:
        with node.associate([CR]) as association:
            stopping = threading.Thread(target=node.entity.stop, args=(20,))
            stopping.start()
            wait_until(lambda: not _answers(node.port), 10)
            assert store(association, make_film(rows=64, columns=64)).Status == 0x0000
            assert stopping.is_alive()
        stopping.join(10)
        assert not stopping.is_alive()


def test_a_stopping_node_aborts_what_does_not_end(tmp_path):
    with listening_node(tmp_path) as node, node.associate([CR]) as association:
        started = time.monotonic()
        node.entity.stop(0.2)
        assert time.monotonic() - started < 5
        wait_until(lambda: association.is_aborted, 5)


def test_a_port_that_is_taken_is_named(node, tmp_path):
    expected = f"cannot listen on 127.0.0.1, port {node.port}: .*another node"
    second = listening_node(tmp_path / "second", node={"port": node.port})
    with pytest.raises(ListenFailed, match=expected), second:
        pass


def test_many_associations_one_after_the_other_leave_no_threads(node):
    before = threading.active_count()
    for _ in range(30):
        with node.associate([VERIFICATION]) as association:
            association.send_c_echo()
    wait_until(lambda: threading.active_count() <= before, 10)


def _answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
