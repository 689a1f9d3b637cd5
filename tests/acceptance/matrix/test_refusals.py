"""Wrong peers are turned away, each with the answer that the standard has for it."""

import socket
import ssl
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest
from pydicom.uid import CTImageStorage
from pynetdicom.pdu_primitives import UserIdentityNegotiation

from node.network.contexts import FIND_MODELS, STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE, VERIFICATION
from tests.acceptance.matrix.conftest import Site
from tests.support.certificates import Authority, Identity
from tests.support.films import CR
from tests.support.matrix import Matrix, make_proof
from tests.support.network import (
    associate,
    dcmtk,
    encoded,
    find_contexts,
    make_identifier,
    query,
    query_bytes,
    store,
    store_bytes,
)
from tests.support.node import AE_TITLE

pytestmark = [pytest.mark.dcmtk, pytest.mark.orthanc, pytest.mark.dicomweb, pytest.mark.slow]


def rejection(port: int, **options: Any) -> tuple[int, int, int] | None:
    """Ask for an association; give result, source and reason of its rejection."""
    with associate(port, [VERIFICATION], **options) as association:
        if association.is_established:
            return None
        answer = association.acceptor.primitive
        return answer.result, answer.result_source, answer.diagnostic


def user(name: str, passcode: str) -> Sequence[UserIdentityNegotiation]:
    item = UserIdentityNegotiation()
    item.user_identity_type = 2
    item.primary_field, item.secondary_field = name.encode(), passcode.encode()
    return [item]


@pytest.mark.parametrize(
    ("who", "options", "answer"),
    [
        ("unknown calling AE title", {"calling": "STRANGER"}, (1, 1, 3)),
        ("unknown called AE title", {"calling": "DCMTK", "called": "OTHER"}, (1, 1, 7)),
        ("known AE title at a wrong address", {"calling": "FAR"}, (1, 1, 3)),
        ("AE title that needs a certificate, without TLS", {"calling": "SECURE"}, (1, 1, 3)),
        ("no user where one is needed", {"calling": "NAMED"}, (1, 2, 1)),
        ("wrong passcode", {"calling": "NAMED", "ext_neg": user("kim", "wrong")}, (1, 2, 1)),
        ("unknown user", {"calling": "NAMED", "ext_neg": user("eve", "right")}, (1, 2, 1)),
    ],
)
def test_associations(
    site: Site, matrix: Matrix, who: str, options: dict[str, Any], answer: tuple[int, int, int]
) -> None:
    found = rejection(site.node.port, **options)

    matrix.refused(who, f"A-ASSOCIATE-RJ {found}")
    assert found == answer


def test_another_certificate_than_that_of_the_ae_title(site: Site, matrix: Matrix) -> None:
    other = site.hospital.client(site.hospital.issue("OTHER"))

    found = rejection(site.tls_port, calling="SECURE", tls_args=other)

    matrix.refused("AE title with the certificate of somebody else", f"A-ASSOCIATE-RJ {found}")
    assert found == (1, 1, 3)


def shake(site: Site, context: ssl.SSLContext) -> str:
    """Make a TLS handshake and wait for a byte; tell what went wrong."""
    with socket.create_connection(("127.0.0.1", site.tls_port), timeout=10) as raw:
        try:
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
                connection.settimeout(2)
                return repr(connection.recv(1))
        except ssl.SSLError as error:
            return str(error.reason)


@pytest.mark.parametrize(
    ("who", "answer"),
    [
        ("no certificate", "CERTIFICATE_REQUIRED"),
        ("expired certificate", "CERTIFICATE_EXPIRED"),
        ("certificate of another authority", "UNKNOWN_CA"),
    ],
)
def test_certificates(site: Site, matrix: Matrix, who: str, answer: str) -> None:
    shown: Identity | None = None
    if who.startswith("expired"):
        shown = site.hospital.issue("STALE", days=(-30, -1))
    elif who.startswith("certificate"):
        shown = Authority(site.folder, "elsewhere").issue("SECURE")

    found = shake(site, site.hospital.client(shown)[0])

    matrix.refused(who, f"TLS alert {found}")
    assert answer in found


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_tls(site: Site, matrix: Matrix, version: str) -> None:
    keys = ["-cert", site.secure.certificate, "-key", site.secure.key, "-cipher", "ALL@SECLEVEL=0"]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{site.tls_port}", version, *keys]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=20, check=False)

    matrix.refused(f"openssl {version}", "TLS alert" if b"alert" in done.stderr else "?")
    assert done.returncode != 0
    assert b"alert" in done.stderr


def test_plain_on_the_tls_port(site: Site, matrix: Matrix) -> None:
    done = dcmtk("echoscu", "-to", "5", "-aec", AE_TITLE, "127.0.0.1", str(site.tls_port))

    matrix.refused("plain TCP on the TLS port", "connection closed")
    assert done.returncode != 0


def test_tls_on_the_plain_port(site: Site, matrix: Matrix) -> None:
    keys = ("+tls", site.secure.key, site.secure.certificate, "+cf", site.hospital.file)
    done = dcmtk("echoscu", *keys, "-to", "5", "-aec", AE_TITLE, "127.0.0.1", str(site.node.port))

    matrix.refused("TLS on the plain port", "connection closed")
    assert done.returncode != 0


def test_sop_class(site: Site, matrix: Matrix) -> None:
    with associate(site.node.port, [CTImageStorage, VERIFICATION], calling="DCMTK") as association:
        (refused,) = association.rejected_contexts

    matrix.refused("SOP Class that is not supported", f"presentation context result {refused.result}")
    assert (refused.abstract_syntax, refused.result) == (CTImageStorage, 3)


def test_services_that_a_peer_may_not_use(site: Site, matrix: Matrix) -> None:
    film = make_proof("expl", "1.2.826.0.1.9040", 1)
    contexts = [CR, *find_contexts(), STUDY_ROOT_GET, STUDY_ROOT_MOVE]
    identifier = make_identifier("STUDY", StudyInstanceUID="1.2")
    with associate(site.node.port, contexts, calling="CURIOUS") as association:
        found = {
            "C-STORE": store(association, film).Status,
            "C-FIND": query(association, "STUDY", StudyInstanceUID=None)[-1][0],
            "C-MOVE": list(association.send_c_move(identifier, "PACS", STUDY_ROOT_MOVE))[-1][0].Status,
            "C-GET": list(association.send_c_get(identifier, STUDY_ROOT_GET))[-1][0].Status,
        }

    for service, status in found.items():
        matrix.refused(f"{service} by a peer that may only echo", f"status {status:04X}")
    assert set(found.values()) == {0x0124}


@pytest.mark.parametrize(
    ("who", "level", "keys", "status"),
    [
        ("query without a level", "", {"PatientID": "X"}, 0xA900),
        ("query at an unknown level", "WARD", {"PatientID": "X"}, 0xA900),
        ("PATIENT level in Study Root", "PATIENT", {"PatientID": "X"}, 0xA900),
        ("IMAGE level without the keys above", "IMAGE", {"SOPInstanceUID": None}, 0xA900),
        ("date that is none", "STUDY", {"StudyDate": "2026"}, 0xA900),
    ],
)
def test_identifiers(
    site: Site, matrix: Matrix, who: str, level: str, keys: dict[str, Any], status: int
) -> None:
    with associate(site.node.port, find_contexts(), calling="PYNETDICOM") as association:
        found = query(association, level, STUDY_ROOT_FIND, **keys)

    matrix.refused(who, f"status {found[-1][0]:04X}")
    assert [code for code, _ in found] == [status]


def test_malformed_identifiers(site: Site, matrix: Matrix) -> None:
    with associate(site.node.port, find_contexts(*FIND_MODELS), calling="PYNETDICOM") as association:
        found = query_bytes(association, b"\x08\x00\x05\x00SQ\x00\x00\xff\xff\xff\xffjunk", FIND_MODELS[0])

    matrix.refused("Identifier that cannot be read", f"status {found.Status:04X}")
    assert found.Status == 0xC000


def test_objects_that_are_not_what_the_request_says(site: Site, matrix: Matrix) -> None:
    film = make_proof("expl", "1.2.826.0.1.9041", 1)
    wanted = {"sop_class_uid": CR, "sop_instance_uid": "1.2.826.0.1.9041.1.2"}
    with associate(site.node.port, [CR], calling="PYNETDICOM") as association:
        other = store_bytes(association, encoded(film), **wanted)
        film.SOPInstanceUID = wanted["sop_instance_uid"]
        del film.StudyInstanceUID
        homeless = store_bytes(association, encoded(film), **wanted)

    matrix.refused("object of another UID than the request", f"status {other.Status:04X}")
    matrix.refused("object without Study Instance UID", f"status {homeless.Status:04X}")
    assert (other.Status, homeless.Status) == (0xA900, 0xC000)


def test_unknown_move_destination(site: Site, matrix: Matrix) -> None:
    identifier = make_identifier("STUDY", StudyInstanceUID="1.2")
    with associate(site.node.port, [STUDY_ROOT_MOVE], calling="PYNETDICOM") as association:
        (status, _), *_ = association.send_c_move(identifier, "NOBODY", STUDY_ROOT_MOVE)

    matrix.refused("C-MOVE to an unknown destination", f"status {status.Status:04X}")
    assert status.Status == 0xA801
