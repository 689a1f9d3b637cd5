"""Tokens are made, kept as digests, found in order by doctor, and forgotten."""

import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from node.checks import _web
from node.cli.tokens import add, remove
from node.cli.users import remove as remove_user
from node.config.schema import Config
from node.errors import TokenRefused
from node.users import Users
from node.web.tokens import PREFIX, add_token, digest, read_tokens, remove_token, token_file
from tests.support.audit import read_trail


def test_a_token_is_shown_once_and_kept_as_a_digest(tmp_path: Path) -> None:
    file = token_file(tmp_path)
    secrets = {name: add_token(file, name, ["read"]) for name in ("ohif", "other")}

    assert all(secret.startswith(PREFIX) and len(secret) > 40 for secret in secrets.values())
    assert {token.name: token.sha256 for token in read_tokens(file)} == {
        name: digest(secret) for name, secret in secrets.items()
    }
    assert not any(secret in file.read_text() for secret in secrets.values())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    remove_token(file, "ohif")
    assert [token.name for token in read_tokens(file)] == ["other"]


def _add(file: Path, number: int) -> str:
    return add_token(file, f"t{number}", ["read"])


def test_tokens_that_are_added_by_processes_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    file, numbers = token_file(tmp_path), range(40)
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        secrets = list(pool.map(_add, [file] * len(numbers), numbers))
    assert {token.sha256 for token in read_tokens(file)} == set(map(digest, secrets))
    for number in numbers:
        remove_token(file, f"t{number}")
    assert read_tokens(file) == ()


@pytest.mark.parametrize(("name", "rights"), [("", ["read"]), ("a b", ["read"]), ("x", ["write"]), ("x", [])])
def test_a_token_that_makes_no_sense_is_refused(tmp_path: Path, name: str, rights: list[str]) -> None:
    with pytest.raises(TokenRefused):
        add_token(token_file(tmp_path), name, rights)


def test_a_name_is_used_once_and_must_be_known(tmp_path: Path) -> None:
    file = token_file(tmp_path)
    add_token(file, "ohif", ["read"])
    with pytest.raises(TokenRefused, match="already"):
        add_token(file, "ohif", ["store"])
    with pytest.raises(TokenRefused, match="no token other"):
        remove_token(file, "other")


def test_the_audit_trail_tells_who_may_come_in_from_now_on(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("access: {users: people}\n", encoding="utf-8")
    add("ohif", ["read"], config=file)
    remove("ohif", config=file)
    Users(tmp_path / "people").put("kim", "open sesame")
    remove_user("kim", config=file)
    told = [
        (code.get("csd-code"), message.findtext("EventIdentification/EventOutcomeDescription"))
        for message in read_trail(tmp_path / "var/audit")
        for code in message.iter("EventTypeCode")
    ]
    changes = ("token ohif added, with the right to read", "token ohif removed", "user kim removed")
    assert told == [("110129", change) for change in changes]


def test_doctor_tells_of_a_service_that_nobody_can_use(tmp_path: Path) -> None:
    settings = {"node": {"data_dir": str(tmp_path)}, "web": {"enabled": True, "authentication": "token"}}
    config = Config.model_validate(settings)

    assert _web(config).ok is False
    add_token(token_file(tmp_path), "ohif", ["read"])
    assert _web(config).ok is True
