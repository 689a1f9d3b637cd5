import pytest
from pydantic import ValidationError

from node.config.schema import AccessConfig
from node.network.access import CALLED_UNKNOWN, CALLING_UNKNOWN, AccessList


def access(*peers, check=True):
    return AccessList(
        AccessConfig.model_validate({"check_called_ae_title": check, "peers": peers}), "NEOLUNG"
    )


PACS = {"name": "pacs", "ae_title": "PACS", "addresses": ["10.1.0.0/16", "2001:db8::/32"]}
ROOM = {"name": "room", "ae_title": "*", "addresses": ["10.1.7.7"], "services": ["echo", "store"]}


@pytest.mark.parametrize(
    ("ae_title", "address", "services"),
    [
        ("PACS", "10.1.2.3", {"echo", "store", "query"}),
        ("PACS ", "10.1.2.3", {"echo", "store", "query"}),
        ("pacs", "10.1.2.3", set()),
        ("PACS", "10.2.2.3", set()),
        ("PACS", "2001:db8::1", {"echo", "store", "query"}),
        ("PACS", "::ffff:10.1.2.3", {"echo", "store", "query"}),
        ("PACS", "fe80::1%eth0", set()),
        ("CR1", "10.1.7.7", {"echo", "store"}),
        ("PACS", "10.1.7.7", {"echo", "store", "query"}),
        ("CR1", "10.1.7.8", set()),
    ],
)
def test_a_peer_may_use_what_its_entries_allow(ae_title, address, services):
    assert access(PACS, ROOM).services(ae_title, address) == services


def test_the_called_ae_title_is_checked_before_the_caller():
    assert access(PACS).judge("OTHER", "EVE", "1.2.3.4") is CALLED_UNKNOWN
    assert access(PACS).judge("NEOLUNG ", "EVE", "1.2.3.4") is CALLING_UNKNOWN
    assert access(PACS).judge("NEOLUNG", "PACS", "10.1.0.1") is None
    assert access(PACS, check=False).judge("OTHER", "PACS", "10.1.0.1") is None


def test_the_default_lets_in_this_machine_only():
    default = AccessList(AccessConfig(), "NEOLUNG")
    assert default.judge("NEOLUNG", "ANY", "127.0.0.1") is None
    assert default.judge("NEOLUNG", "ANY", "::1") is None
    assert default.judge("NEOLUNG", "ANY", "192.168.1.1") is CALLING_UNKNOWN


def test_no_peers_let_nobody_in():
    assert access().judge("NEOLUNG", "ANY", "127.0.0.1") is CALLING_UNKNOWN


def test_a_network_with_host_bits_is_taken_for_the_network():
    assert access({"name": "x", "addresses": ["10.1.2.3/16"]}).services("A", "10.1.9.9")


def test_the_configuration_is_frozen():
    with pytest.raises(ValidationError):
        AccessConfig().peers = ()
