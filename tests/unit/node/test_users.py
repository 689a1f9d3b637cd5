import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.checks import examine
from node.config.schema import Config
from node.errors import UsersUnusable
from node.users import Users


@pytest.fixture
def users(tmp_path):
    return Users(tmp_path / "sub" / "users")


def test_a_user_is_known_with_its_passcode_and_no_other(users):
    users.put("김간호", "열쇠")
    assert users.knows("김간호".encode(), "열쇠".encode())
    assert users.knows("김간호".encode(), None)
    assert not users.knows("김간호".encode(), b"")
    assert not users.knows("김간호".encode(), "열쇠 ".encode())
    assert not users.knows(b"eve", "열쇠".encode())
    assert not users.knows(b"eve", None)
    assert not users.knows(b"\xff\xfe", b"x")


def test_a_passcode_is_replaced_and_a_user_removed(users):
    users.put("kim", "one")
    users.put("lee", "one")
    users.put("kim", "two")
    assert users.names() == ["kim", "lee"]
    assert users.knows(b"kim", b"two")
    assert not users.knows(b"kim", b"one")
    users.remove("kim")
    assert not users.knows(b"kim", b"two")
    assert users.knows(b"lee", b"one")
    with pytest.raises(UsersUnusable, match="no user 'kim'"):
        users.remove("kim")


def test_the_file_is_for_its_owner_alone_and_holds_no_passcode(users, tmp_path):
    users.put("kim", "open sesame")
    users.put("lee", "open sesame")
    file = tmp_path / "sub" / "users"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    assert "sesame" not in text
    hashes = [line.rpartition("$")[2] for line in text.splitlines() if "$" in line]
    assert len(set(hashes)) == 2
    assert sorted(path.name for path in file.parent.iterdir()) == [".users.lock", "users"]


def test_users_that_are_added_at_the_same_time_are_all_kept(users):
    names = [f"user{number}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(users.put, names, names))
    assert users.names() == names


@pytest.mark.parametrize("name", ["", "a:b", "#a", "a\nb", "a\x00"])
def test_what_cannot_be_a_name_is_refused(users, name):
    with pytest.raises(UsersUnusable, match="cannot be a user name"):
        users.put(name, "x")


def test_without_a_file_or_with_a_strange_one_nobody_is_known(users, tmp_path):
    assert not users.knows(b"kim", b"x")
    assert users.names() == []
    strange = tmp_path / "strange"
    strange.write_text("kim:plain text passcode\n", encoding="utf-8")
    assert not Users(strange).knows(b"kim", b"plain text passcode")
    with pytest.raises(UsersUnusable, match="'kim' is not understood"):
        Users(strange).names()


def test_an_empty_passcode_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsersUnusable, match="the passcode of ward3 is empty"):
        Users(tmp_path / "users").put("ward3", "")


def test_doctor_names_a_users_file_that_is_not_there(tmp_path: Path) -> None:
    settings = {"access": {"users": str(tmp_path / "users")}, "node": {"data_dir": str(tmp_path)}}
    config = Config.model_validate(settings, context={"base": tmp_path})
    (check,) = (one for one in examine(config) if one.subject == "access list")
    assert check.ok is False
    assert "neolung users add makes it" in check.detail
    Users(tmp_path / "users").put("ward3", "secret")
    (check,) = (one for one in examine(config) if one.subject == "access list")
    assert check.detail.endswith("1 user known")
