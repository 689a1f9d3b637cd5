"""TLS with real sockets: who gets in, who does not and how that is told, and files that change meanwhile."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import closing, suppress

import pytest

from node.config.destinations import DestinationConfig
from node.config.tls import TlsConfig
from node.errors import AssociationRefused, TlsUnusable
from node.network.contexts import VERIFICATION
from node.network.sender import Sender
from node.network.tls import server_context, shake_hands
from tests.support.certificates import Authority
from tests.support.films import CR, make_film
from tests.support.network import dcmtk, listening_node, store
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def own(hospital):
    return hospital.issue("NEOLUNG", "127.0.0.1", "localhost")


@pytest.fixture(scope="module")
def pacs(hospital):
    return hospital.issue("PACS", "pacs.hospital.example")


@pytest.fixture
def node(tmp_path, hospital, own):
    with listening_node(tmp_path, tls=hospital.tls(own)) as running:
        yield running


def destination(node, hospital, shown=None, **settings):
    """Give the node as somebody sees it who shows a certificate."""
    keys = {"certificate": shown.certificate, "key": shown.key} if shown else {}
    settings = {"name": "node", "ae_title": "NEOLUNG", "host": "127.0.0.1", "port": node.tls_port} | settings
    files = TlsConfig.model_validate({"authorities": hospital.file, **keys})
    return DestinationConfig.model_validate({"tls": True, **settings}).with_tls_files(files)


def refusal(node, context):
    """Shake hands with the node's TLS port and read once; give what went wrong."""
    with socket.create_connection(("127.0.0.1", node.tls_port), timeout=5) as raw:
        try:
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
                return repr(connection.recv(1))
        except OSError as error:
            return str(error)


def test_mutual_authentication_lets_in_who_has_a_certificate_of_the_authority(node, hospital, pacs):
    with node.associate([CR, VERIFICATION], tls_args=hospital.client(pacs)) as association:
        assert association.send_c_echo().Status == 0x0000
        assert store(association, make_film(rows=512, columns=512)).Status == 0x0000
        assert association.dul.socket.socket.version() == "TLSv1.3"


def test_both_ports_are_open_unless_the_plain_one_shall_not(node, tmp_path, hospital, own):
    with node.associate([VERIFICATION]) as association:
        assert association.is_established
    with listening_node(tmp_path / "b", tls=hospital.tls(own, plain=False)) as closed:
        assert closed.port == 0
        assert closed.tls_port != 0


def test_without_a_certificate_nobody_gets_in(node, hospital):
    context, _ = hospital.client()
    assert "certificate required" in refusal(node, context).lower()
    wait_until(lambda: "peer did not return a certificate" in node.log.getvalue(), 5)


def test_an_expired_certificate_and_one_that_has_not_begun_are_refused(node, hospital):
    for days in ((-30, -1), (1, 30)):
        context, _ = hospital.client(hospital.issue("STALE", days=days))
        assert "alert" in refusal(node, context).lower()
    wait_until(lambda: node.log.getvalue().count("connection refused") == 2, 5)
    assert "expired" in node.log.getvalue()
    assert "not yet valid" in node.log.getvalue()


def test_a_certificate_of_another_authority_is_refused(node, hospital, tmp_path):
    stranger = Authority(tmp_path, "elsewhere").issue("PACS")
    context, _ = hospital.client(stranger)
    assert "unknown ca" in refusal(node, context).lower()
    wait_until(lambda: "certificate not accepted" in node.log.getvalue(), 5)


def test_a_revoked_certificate_is_refused_and_others_are_not(tmp_path, hospital, own, pacs):
    lost = hospital.issue("LOST")
    settings = hospital.tls(own, revocations=str(hospital.revoke(lost)))
    with listening_node(tmp_path, tls=settings) as node:
        assert "revoked" in refusal(node, hospital.client(lost)[0]).lower()
        with node.associate([VERIFICATION], tls_args=hospital.client(pacs)) as association:
            assert association.is_established


def test_without_mutual_authentication_a_peer_may_show_nothing_but_nothing_wrong(tmp_path, hospital, own):
    settings = hospital.tls(own, require_peer_certificate=False)
    stranger = Authority(tmp_path, "elsewhere").issue("PACS")
    with listening_node(tmp_path / "node", tls=settings) as node:
        with node.associate([VERIFICATION], tls_args=hospital.client()) as association:
            assert association.is_established
        assert "unknown ca" in refusal(node, hospital.client(stranger)[0]).lower()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_refused(node, hospital, pacs, version):
    context, _ = hospital.client(pacs)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    assert "version" in refusal(node, context).lower()


def test_tls_1_2_is_spoken_unless_1_3_is_the_minimum(tmp_path, node, hospital, own, pacs):
    client = hospital.client(pacs)
    client[0].maximum_version = ssl.TLSVersion.TLSv1_2
    with node.associate([VERIFICATION], tls_args=client) as association:
        assert association.dul.socket.socket.version() == "TLSv1.2"
    settings = hospital.tls(own, minimum_version="1.3")
    with listening_node(tmp_path / "strict", tls=settings) as strict:
        assert "version" in refusal(strict, client[0]).lower()


@pytest.mark.parametrize(
    "cipher", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA256", "ADH-AES128-SHA"]
)
def test_ciphers_outside_the_profile_are_refused(node, hospital, pacs, cipher):
    context, _ = hospital.client(pacs)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    assert "handshake failure" in refusal(node, context).lower()


def test_sessions_are_not_resumed_past_the_check_of_the_certificate(node, hospital, pacs):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context, _ = hospital.client(pacs)
        context.maximum_version = version
        session = None
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", node.tls_port)) as raw:
                connection = context.wrap_socket(raw, server_hostname="127.0.0.1", session=session)
                assert not (session and session.has_ticket)
                session = connection.session
                connection.close()


def test_plain_dicom_and_plain_http_on_the_tls_port_are_refused(node, hospital):
    with pytest.raises(AssociationRefused):
        Sender(destination(node, hospital, tls=False), "TESTER").echo()
    with socket.create_connection(("127.0.0.1", node.tls_port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionResetError):
            assert b"HTTP" not in raw.recv(100)
    wait_until(lambda: node.log.getvalue().count("TLS connection refused") == 2, 5)


def test_tls_on_the_plain_port_is_refused(node, hospital, pacs):
    context, _ = hospital.client(pacs)
    with (
        socket.create_connection(("127.0.0.1", node.port), timeout=5) as raw,
        pytest.raises(OSError, match=r"wrong version|EOF|reset"),
    ):
        context.wrap_socket(raw, server_hostname="127.0.0.1")
    wait_until(lambda: node.entity.associations == 0, 5)


def test_a_probe_that_only_connects_is_no_alarm(node):
    for _ in range(5):
        socket.create_connection(("127.0.0.1", node.tls_port)).close()
    wait_until(lambda: node.log.getvalue().count("closed before TLS began") == 5, 5)
    assert "warning" not in node.log.getvalue()


def test_a_peer_that_says_nothing_or_dribbles_keeps_nobody_waiting(tmp_path, hospital, own, pacs):
    limits = {"acse_timeout_s": 1.0}
    with listening_node(tmp_path, tls=hospital.tls(own), limits=limits) as node:
        silent = [socket.create_connection(("127.0.0.1", node.tls_port)) for _ in range(20)]
        dribble = socket.create_connection(("127.0.0.1", node.tls_port))
        started = time.monotonic()
        with node.associate([VERIFICATION], tls_args=hospital.client(pacs)) as association:
            assert association.is_established
        assert time.monotonic() - started < 0.9
        with closing(dribble), pytest.raises(OSError, match=r"reset|pipe"):
            _dribble(dribble)
        assert time.monotonic() - started < 5
        for connection in silent:
            connection.settimeout(5)
            assert connection.recv(1) == b""
            connection.close()
        assert node.entity._servers[1]._arriving == 0


def test_a_peer_is_known_by_its_certificate(tmp_path, hospital, own, pacs):
    other = hospital.issue("CR1")
    peers = [
        {"name": "pacs", "ae_title": "PACS", "certificate": "PACS"},
        {"name": "cr", "ae_title": "CR", "certificate": f"sha256:{other.fingerprint}"},
    ]
    with listening_node(tmp_path, tls=hospital.tls(own), access={"peers": peers}) as node:
        for calling, shown, gets_in in (("PACS", pacs, True), ("PACS", other, False), ("CR", other, True)):
            client = hospital.client(shown)
            with node.associate([VERIFICATION], calling=calling, tls_args=client) as association:
                assert association.is_established is gets_in
        with node.associate([VERIFICATION], calling="PACS") as association:
            answer = association.acceptor.primitive
            assert (answer.result, answer.result_source, answer.diagnostic) == (1, 1, 3)


def test_a_new_certificate_is_shown_without_restart_and_a_broken_one_is_not(tmp_path, hospital):
    first = hospital.issue("RENEWED", "127.0.0.1")
    with listening_node(tmp_path, tls=hospital.tls(first)) as node:
        shown = [_shown(node, hospital)]
        hospital.issue("RENEWED", "127.0.0.1")
        shown.append(_shown(node, hospital))
        first.certificate.write_text("no certificate")
        shown.append(_shown(node, hospital))
        shown.append(_shown(node, hospital))
        last = hospital.issue("RENEWED", "127.0.0.1")
        shown.append(_shown(node, hospital))
    assert shown[1] == shown[2] == shown[3]
    assert len(set(shown)) == 3
    assert shown[4] == last.fingerprint
    assert node.log.getvalue().count("the old ones stay") == 1


def test_a_server_that_takes_one_context_for_ever_follows_the_files_too(tmp_path, hospital, pacs):
    own = hospital.issue("WEB", "127.0.0.1")
    shutil.copy(hospital.file, tmp_path / "ca.pem")
    settings = hospital.tls(own, authorities=str(tmp_path / "ca.pem"))
    context = server_context(TlsConfig.model_validate(settings))
    shown = [_serve_once(context, hospital, pacs)]
    renewed = hospital.issue("WEB", "127.0.0.1")
    shown.append(_serve_once(context, hospital, pacs))
    assert shown[0] != shown[1] == renewed.fingerprint
    shutil.copy(Authority(tmp_path, "elsewhere").file, tmp_path / "ca.pem")
    with pytest.raises(ssl.SSLError):
        _serve_once(context, hospital, pacs)
    assert server_context(TlsConfig()) is None


def test_a_destination_is_reached_by_tls(node, hospital, pacs):
    Sender(destination(node, hospital, pacs), "PACS").echo()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"host": "localhost"}, None),
        ({"certificate": "*"}, None),
        ({"certificate": "neolung"}, None),
        ({"certificate": "sha256:" + "00" * 32}, "is that of NEOLUNG, not of"),
        ({"certificate": "PACS"}, "is that of NEOLUNG, not of PACS"),
        ({"host": "127.0.0.2"}, "IP address mismatch"),
    ],
)
def test_the_certificate_of_a_destination_must_be_the_right_one(
    tmp_path, hospital, own, pacs, settings, reason
):
    with listening_node(tmp_path, tls=hospital.tls(own), node={"listen": "0.0.0.0"}) as node:
        sender = Sender(destination(node, hospital, pacs, **settings), "PACS")
        if reason is None:
            sender.echo()
        else:
            with pytest.raises(AssociationRefused, match=reason):
                sender.echo()


def test_why_a_destination_turns_us_away_is_told(node, hospital, tmp_path, pacs):
    with pytest.raises(
        AssociationRefused, match=r"TLS: tlsv13 alert certificate required \(.* set tls.certificate"
    ):
        Sender(destination(node, hospital), "PACS").echo()
    with pytest.raises(AssociationRefused, match=r"not accepted: .*self-signed.*\(add the authority"):
        Sender(destination(node, Authority(tmp_path, "elsewhere"), pacs), "PACS").echo()
    with pytest.raises(
        AssociationRefused, match=r"TLS: wrong version number \(the other end does not speak TLS"
    ):
        Sender(destination(node, hospital, pacs, port=node.port), "PACS").echo()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        sender = Sender(destination(node, hospital, pacs, port=port, connect_timeout_s=0.3), "PACS")
        with pytest.raises(AssociationRefused, match="no TLS handshake"):
            sender.echo()


def test_files_that_cannot_be_used_stop_the_start_with_the_reason(tmp_path, hospital, own, pacs):
    copy = shutil.copy(own.key, tmp_path / "open.key")
    copy.chmod(0o644)
    other = hospital.issue("OTHER")
    empty = tmp_path / "empty.pem"
    empty.touch()
    wrong = {
        "does not belong": {"key": other.key},
        "open to others.*chmod 600": {"key": copy},
        "no private key": {"key": own.certificate, "certificate": own.certificate},
        "holds no certificate": {"certificate": empty},
        "No such file": {"certificate": tmp_path / "missing.pem"},
        "tls.authorities, .* cannot be used": {"authorities": empty},
    }
    own.certificate.chmod(0o600)
    for reason, change in wrong.items():
        settings = hospital.tls(own) | {key: str(file) for key, file in change.items()}
        with pytest.raises(TlsUnusable, match=reason), listening_node(tmp_path / "node", tls=settings):
            pass


@pytest.mark.dcmtk
def test_dcmtk_comes_in_by_tls_with_its_certificate_only(node, hospital, pacs):
    keys = ["+tls", pacs.key, pacs.certificate]
    name = ["-aec", "NEOLUNG", "127.0.0.1", str(node.tls_port)]
    assert dcmtk("echoscu", *keys, "+cf", hospital.file, *name).returncode == 0
    assert dcmtk("echoscu", "+tla", "+cf", hospital.file, *name).returncode != 0
    assert dcmtk("echoscu", *name).returncode != 0
    film = node.config.node.data_dir / "film.dcm"
    make_film(rows=64, columns=64).save_as(film, enforce_file_format=True)
    assert dcmtk("storescu", "-R", *keys, "+cf", hospital.file, *name, film).returncode == 0


@pytest.mark.dcmtk
def test_a_dcmtk_server_is_reached_by_tls(tmp_path, hospital, own, pacs):
    port = _free_port()
    command = ["/usr/bin/storescp", "+tls", own.key, own.certificate, "+cf", hospital.file, "-od", tmp_path]
    with subprocess.Popen(
        [*map(str, command), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as scp:
        try:
            wait_until(lambda: _listens(port), 10)
            files = TlsConfig.model_validate(hospital.tls(pacs))
            there = {"name": "scp", "ae_title": "SCP", "host": "127.0.0.1", "port": port, "tls": True}
            Sender(DestinationConfig.model_validate(there).with_tls_files(files), "PACS").echo()
        finally:
            scp.terminate()


def test_openssl_is_refused_tls_1_1(node, pacs):
    where = f"127.0.0.1:{node.tls_port}"
    command = ["openssl", "s_client", "-connect", where, "-cert", pacs.certificate, "-key", pacs.key]
    done = subprocess.run(
        [*command, "-tls1_1", "-cipher", "ALL@SECLEVEL=0"],
        input=b"",
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert done.returncode != 0
    assert b"alert" in done.stderr


def _dribble(connection):
    for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100):
        connection.send(bytes([byte]))
        time.sleep(0.1)


def _shown(node, hospital):
    import hashlib

    context, _ = hospital.client()
    with socket.create_connection(("127.0.0.1", node.tls_port)) as raw:
        connection = context.wrap_socket(raw, server_hostname="127.0.0.1")
        with connection:
            return hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()


def _serve_once(context, hospital, client):
    """Shake hands once over a pair of sockets; give the fingerprint that the server showed."""
    import hashlib

    ours, theirs = socket.socketpair()
    failures = []

    def serve():
        with context.wrap_socket(ours, server_side=True, do_handshake_on_connect=False) as server:
            try:
                shake_hands(server, 5)
                server.send(b"!")
            except OSError as error:
                failures.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with hospital.client(client)[0].wrap_socket(theirs, server_hostname="127.0.0.1") as connection:
            shown = connection.getpeercert(binary_form=True)
            connection.recv(1)
    finally:
        thread.join()
    if failures:
        raise failures[0]
    return hashlib.sha256(shown).hexdigest()


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
