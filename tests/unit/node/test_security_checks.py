from pathlib import Path

import pytest

from node.config.tls import TlsConfig
from node.errors import TlsUnusable
from node.security_checks import examine_tls
from tests.support.certificates import Authority


@pytest.fixture(scope="module")
def hospital(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


def look(hospital, days=(-1, 365), **settings):
    own = hospital.issue("NEOLUNG", days=days)
    return examine_tls(TlsConfig.model_validate(hospital.tls(own, **settings)))


def test_without_tls_that_is_said():
    ok, text = examine_tls(TlsConfig())
    assert ok is None
    assert "unencrypted" in text


def test_the_days_until_the_end_are_told(hospital):
    assert look(hospital) == (True, look(hospital)[1])
    assert "certificate good for 364 days" in look(hospital)[1]


@pytest.mark.parametrize(
    ("days", "ok", "words"),
    [((-1, 29), None, "ends in 28 days"), ((-9, -1), False, "expired"), ((1, 9), False, "not begun")],
)
def test_a_certificate_that_ends_soon_or_has_ended_is_told(hospital, days, ok, words):
    found, text = look(hospital, days)
    assert found is ok
    assert words in text


def test_a_revocation_list_that_is_out_of_date_is_a_problem(hospital):
    fresh, stale = (
        str(hospital.revoke(days=7)),
        hospital.revoke(days=-1).rename(hospital.file.parent / "stale"),
    )
    assert look(hospital, revocations=str(stale))[0] is False
    hospital.revoke(days=7)
    assert look(hospital, revocations=fresh) == (True, look(hospital, revocations=fresh)[1])


def test_what_cannot_be_used_is_an_error_that_names_the_file(hospital, tmp_path):
    with pytest.raises(TlsUnusable, match=r"tls.authorities cannot be read; .*missing"):
        look(hospital, authorities=str(tmp_path / "missing"))
    empty = Path(tmp_path / "empty")
    empty.touch()
    with pytest.raises(TlsUnusable, match="no revocation list"):
        look(hospital, revocations=str(empty))


def test_peers_without_certificates_are_worth_a_note(hospital):
    ok, text = look(hospital, require_peer_certificate=False)
    assert ok is None
    assert "need no certificate" in text
