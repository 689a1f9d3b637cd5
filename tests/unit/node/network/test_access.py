import pytest
from pydantic import ValidationError

from node.certificates import PeerCertificate
from node.config.access import AccessConfig
from node.network.access import CALLED_UNKNOWN, CALLING_UNKNOWN, USER_UNKNOWN, AccessList, Caller, User


def access(*peers, check=True):
    settings = {"check_called_ae_title": check, "peers": peers, "users": "users"}
    return AccessList(AccessConfig.model_validate(settings), "NEOLUNG")


def caller(calling="PACS", address="10.1.0.1", *, called="NEOLUNG", **more):
    return Caller(calling, called, address, **more)


PACS = {"name": "pacs", "ae_title": "PACS", "addresses": ["10.1.0.0/16", "2001:db8::/32"]}
ROOM = {"name": "room", "ae_title": "*", "addresses": ["10.1.7.7"], "services": ["echo", "store"]}


@pytest.mark.parametrize(
    ("ae_title", "address", "services"),
    [
        ("PACS", "10.1.2.3", {"echo", "store", "query", "retrieve"}),
        ("pacs", "10.1.2.3", set()),
        ("PACS", "10.2.2.3", set()),
        ("PACS", "2001:db8::1", {"echo", "store", "query", "retrieve"}),
        ("PACS", "::ffff:10.1.2.3", {"echo", "store", "query", "retrieve"}),
        ("PACS", "fe80::1%eth0", set()),
        ("CR1", "10.1.7.7", {"echo", "store"}),
        ("PACS", "10.1.7.7", {"echo", "store", "query", "retrieve"}),
        ("CR1", "10.1.7.8", set()),
    ],
)
def test_a_peer_may_use_what_its_entries_allow(ae_title, address, services):
    assert access(PACS, ROOM).services(caller(ae_title, address)) == services


def test_the_called_ae_title_is_checked_before_the_caller():
    assert access(PACS).judge(caller("EVE", "1.2.3.4", called="OTHER")) is CALLED_UNKNOWN
    assert access(PACS).judge(caller("EVE", "1.2.3.4")) is CALLING_UNKNOWN
    assert access(PACS).judge(caller()) is None
    assert access(PACS, check=False).judge(caller(called="OTHER")) is None


def test_the_default_lets_in_this_machine_only():
    default = AccessList(AccessConfig(), "NEOLUNG")
    assert default.judge(caller("ANY", "127.0.0.1")) is None
    assert default.judge(caller("ANY", "::1")) is None
    assert default.judge(caller("ANY", "192.168.1.1")) is CALLING_UNKNOWN


def test_no_peers_let_nobody_in():
    assert access().judge(caller("ANY", "127.0.0.1")) is CALLING_UNKNOWN


def test_a_network_with_host_bits_is_taken_for_the_network():
    assert access({"name": "x", "addresses": ["10.1.2.3/16"]}).services(caller("A", "10.1.9.9"))


def test_the_configuration_is_frozen():
    with pytest.raises(ValidationError):
        AccessConfig().peers = ()


SHOWN = PeerCertificate(frozenset({"pacs", "pacs.hospital.example"}), "ab" * 32, "PACS")


@pytest.mark.parametrize(
    ("wanted", "shown", "is_let_in"),
    [
        ("*", SHOWN, True),
        ("*", None, False),
        ("PACS", SHOWN, True),
        ("Pacs.Hospital.Example", SHOWN, True),
        ("PAC", SHOWN, False),
        ("sha256:" + "AB" * 32, SHOWN, True),
        ("SHA256:" + ":".join(["ab"] * 32), SHOWN, True),
        ("sha256:" + "ac" * 32, SHOWN, False),
        ("PACS", None, False),
        (None, None, True),
        (None, SHOWN, True),
    ],
)
def test_a_peer_that_must_show_a_certificate_is_unknown_without_it(wanted, shown, is_let_in):
    verdict = access(PACS | {"certificate": wanted}).judge(caller(certificate=shown))
    assert verdict is (None if is_let_in else CALLING_UNKNOWN)


@pytest.mark.parametrize(
    ("wanted", "user", "is_let_in"),
    [
        ("optional", None, True),
        ("optional", User("kim", is_proven=False), True),
        ("name", None, False),
        ("name", User("kim", is_proven=False), True),
        ("name", User("kim", is_proven=True), True),
        ("passcode", None, False),
        ("passcode", User("kim", is_proven=False), False),
        ("passcode", User("kim", is_proven=True), True),
    ],
)
def test_a_peer_that_must_name_its_user_is_turned_away_without(wanted, user, is_let_in):
    verdict = access(PACS | {"user": wanted}).judge(caller(user=user))
    assert verdict is (None if is_let_in else USER_UNKNOWN)


def test_an_entry_that_asks_for_more_allows_nothing_to_who_shows_less():
    echo = PACS | {"name": "echo", "services": ["echo"]}
    store = PACS | {"name": "store", "services": ["store"], "user": "passcode", "certificate": "*"}
    known = {"certificate": SHOWN, "user": User("kim", is_proven=True)}
    assert access(echo, store).services(caller()) == {"echo"}
    assert access(echo, store).services(caller(**known)) == {"echo", "store"}


@pytest.mark.parametrize("text", ["", " ", "sha256:", "sha256:12", "sha256:" + "g" * 64])
def test_what_names_no_certificate_is_refused(text):
    with pytest.raises(ValidationError):
        access(PACS | {"certificate": text})


def test_a_peer_cannot_ask_for_users_whom_nobody_knows():
    with pytest.raises(ValidationError, match="users is missing"):
        AccessConfig.model_validate({"peers": [PACS | {"user": "name"}]})
