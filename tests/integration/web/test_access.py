"""Who may call, from where, and by which web pages."""

import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from node.config.loading import load_config
from node.errors import ConfigError
from node.web.tokens import add_token, remove_token, token_file
from tests.support.certificates import Authority, Identity
from tests.support.films import make_film
from tests.support.web import WebNode, web_node

TOKENS = {"web": {"authentication": "token"}}


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_token_opens_what_it_may_and_nothing_else(tmp_path: Path) -> None:
    film = make_film(rows=130, columns=130)
    with web_node(tmp_path, **TOKENS) as web:
        file = token_file(web.config.node.data_dir)
        reader, writer = add_token(file, "reader", ["read"]), add_token(file, "writer", ["store"])

        assert web.get("/studies").status_code == 401
        assert web.get("/studies").headers["www-authenticate"].startswith("Bearer")
        for wrong in ("neolung_", reader[:-1], reader.upper()):
            assert web.get("/studies", headers=bearer(wrong)).status_code == 401
        assert web.get("/studies", headers={"Authorization": f"Basic {reader}"}).status_code == 401
        assert web.get("/studies", headers=bearer(reader)).status_code == 204
        assert web.get("/studies", headers=bearer(writer)).status_code == 403
        web.http.headers.update(bearer(reader))
        assert web.stow(film).status_code == 403
        web.http.headers.update(bearer(writer))
        assert web.stow(film).status_code == 200

        with web.ledger.read() as connection:
            from storage.instances import find_instance

            stored = find_instance(connection, film.SOPInstanceUID)
        assert stored is not None
        assert stored.calling_ae_title == "writer"
        remove_token(file, "writer")
        assert web.stow(film).status_code == 401
        assert reader not in file.read_text()
        assert reader not in web.log.getvalue()


def test_a_damaged_token_file_lets_nobody_in(tmp_path: Path) -> None:
    with web_node(tmp_path, **TOKENS) as web:
        file = token_file(web.config.node.data_dir)
        secret = add_token(file, "reader", ["read"])
        assert web.get("/studies", headers=bearer(secret)).status_code == 204
        file.write_text("{")

        assert web.get("/studies", headers=bearer(secret)).status_code == 401
        assert "token file cannot be read" in web.log.getvalue()


def test_only_what_is_offered_can_be_done(tmp_path: Path) -> None:
    with web_node(tmp_path, web={"services": ["read"]}) as web:
        assert web.stow(make_film(rows=130, columns=130)).status_code == 403
        offered = web.http.request("OPTIONS", "/", headers={"Accept": "application/json"}).json()
        assert {entry["method"] for entry in offered["transactions"]} == {"GET"}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "[", ""])
def test_a_name_that_is_not_the_services_is_refused(web: WebNode, host: str) -> None:
    answer = web.get("/studies", headers={"Host": host})

    assert answer.status_code in (400, 403)


def test_only_listed_pages_may_read_answers(tmp_path: Path) -> None:
    viewer = "https://viewer.example"
    with web_node(tmp_path, web={"origins": [viewer]}) as web:
        asked = {"Origin": viewer, "Access-Control-Request-Method": "GET"}
        allowed = web.http.options(
            "/studies", headers={**asked, "Access-Control-Request-Headers": "authorization"}
        )
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == viewer
        assert web.http.options("/studies", headers={**asked, "Origin": "https://evil"}).status_code == 400
        for path in ("/studies", "/studies/1.2.3", "/nonsense"):
            assert web.get(path, headers={"Origin": viewer}).headers["access-control-allow-origin"] == viewer
            assert (
                "access-control-allow-origin" not in web.get(path, headers={"Origin": "https://evil"}).headers
            )


def test_without_listed_pages_none_may_read_answers(web: WebNode) -> None:
    assert "access-control-allow-origin" not in web.get("/studies", headers={"Origin": "https://x"}).headers


def test_an_open_port_needs_tls_and_authentication() -> None:
    for web in ({}, {"authentication": "token"}, {"tls": "true"}):
        environment = {
            "NEOLUNG_WEB__LISTEN": "0.0.0.0",
            **{f"NEOLUNG_WEB__{k.upper()}": v for k, v in web.items()},
        }
        with pytest.raises(ConfigError, match="allow_insecure"):
            load_config(None, environment)
    assert load_config(
        None, {"NEOLUNG_WEB__LISTEN": "0.0.0.0", "NEOLUNG_WEB__ALLOW_INSECURE": "true"}
    ).web.allow_insecure


def test_tls_needs_its_files() -> None:
    with pytest.raises(ConfigError, match=r"tls\.certificate"):
        load_config(None, {"NEOLUNG_WEB__TLS": "true"})
    with pytest.raises(ConfigError, match=r"tls\.authorities"):
        load_config(None, {"NEOLUNG_WEB__AUTHENTICATION": "certificate"})


def trusting(hospital: Authority, *identity: Identity) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(hospital.file))
    for each in identity:
        context.load_cert_chain(each.certificate, each.key)
    return context


def test_certificates_open_the_port_and_nothing_else_does(tmp_path: Path) -> None:
    hospital, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    tls = hospital.tls(hospital.issue("node", "127.0.0.1"))
    viewer, other = hospital.issue("viewer"), stranger.issue("other")
    section = {"tls": True, "authentication": "certificate"}
    with web_node(tmp_path / "node", tls=tls, web=section, client=trusting(hospital, viewer)) as web:
        assert web.stow(make_film(rows=130, columns=130)).status_code == 200
        (study,) = web.get("/studies").json()
        assert study["00081190"]["Value"][0].startswith(f"https://127.0.0.1:{web.server.port}/")

        for context in (trusting(hospital), trusting(hospital, other)):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError, httpx.ConnectError)):
                httpx.get(f"{web.base}/studies", verify=context)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{web.base}/studies".replace("https", "http"))
        assert web.get("/studies").status_code == 200


def test_a_token_goes_with_tls(tmp_path: Path) -> None:
    hospital = Authority(tmp_path)
    tls = hospital.tls(hospital.issue("node", "127.0.0.1"), require_peer_certificate=False)
    section = {"tls": True, "authentication": "token"}
    with web_node(tmp_path / "node", tls=tls, web=section, client=trusting(hospital)) as web:
        secret = add_token(token_file(web.config.node.data_dir), "reader", ["read"])

        assert web.get("/studies").status_code == 401
        assert web.get("/studies", headers=bearer(secret)).status_code == 204


def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path) -> None:
    hospital = Authority(tmp_path)
    node = hospital.issue("node", "127.0.0.1")
    tls = hospital.tls(node, require_peer_certificate=False)
    with web_node(tmp_path / "node", tls=tls, web={"tls": True}, client=trusting(hospital)) as web:
        assert shown(web) == node.loaded.serial_number
        renewed = hospital.issue("node", "127.0.0.1")

        assert shown(web) == renewed.loaded.serial_number


def shown(web: WebNode) -> int:
    pem = ssl.get_server_certificate(("127.0.0.1", web.server.port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number
