"""Person names are compared without what does not tell them apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.names import fold, name_keys


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("DOE^JOHN", "doe^john"),
        ("Müller^Jürgen", "MULLER^JURGEN"),
        ("Nguyễn^Thị", "nguyen^thi"),
        ("Doe^John^^^", "Doe^John"),
        ("Doe^John==", "Doe^John"),
        ("Kim  Lee ^A", "kim lee^a"),
        ("\uff24\uff2f\uff25^\uff2a\uff4f\uff48\uff4e", "doe^john"),
        ("ヤマダ^タロウ", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("홍^길동", "홍^길동"),
        ("Straße", "STRASSE"),
    ],
)
def test_spellings_of_one_name_have_one_key(name: str, same: str) -> None:
    assert name_keys(name) == name_keys(same)


@pytest.mark.parametrize(
    ("name", "other"), [("か", "が"), ("홍^길동", "홍^길순"), ("DOE^J", "DOE^K"), ("A^B", "A B")]
)
def test_different_names_have_different_keys(name: str, other: str) -> None:
    assert name_keys(name) != name_keys(other)


def test_each_component_group_has_its_key() -> None:
    assert name_keys("Hong^Gildong=洪^吉洞=홍^길동") == ("hong^gildong", "洪^吉洞", "홍^길동")


def test_a_lone_ideographic_group_stays_in_its_place() -> None:
    assert name_keys("=洪^吉洞") == ("", "洪^吉洞", "")


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_a_key_is_its_own_key(name: str) -> None:
    keys = name_keys(name.replace("=", ""))

    assert name_keys(keys[0]) == keys
