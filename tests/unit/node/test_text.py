import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset

from node.text import can_carry, declared_charsets, decode_text, read_text

KOREAN = "Hong^Gildong=洪^吉洞=홍^길동"
# PS3.5 I.2: each component group and each component selects KS X 1001 anew.
ESCAPED = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"


@pytest.mark.parametrize(
    ("raw", "charsets", "text"),
    [
        (b"Plain^Name ", (), "Plain^Name"),
        (b"Null\0\0", ("ISO_IR 100",), "Null"),
        (ESCAPED, ("", "ISO 2022 IR 149"), KOREAN),
        (ESCAPED, ("ISO 2022 IR 149",), KOREAN),
        (ESCAPED, (), KOREAN),
        ("홍^길동".encode("euc_kr"), ("", "ISO 2022 IR 149"), "홍^길동"),
        ("홍^길동".encode("euc_kr"), ("ISO 2022 IR 149",), "홍^길동"),
        ("홍^길동".encode("euc_kr"), (), "홍^길동"),
        ("뷁^휍".encode("cp949"), ("", "ISO 2022 IR 149"), "뷁^휍"),
        ("홍^길동".encode(), (), "홍^길동"),
        ("홍^길동".encode(), ("ISO_IR 192",), "홍^길동"),
        ("홍^길동".encode(), ("ISO_IR_192",), "홍^길동"),
        ("홍^길동".encode(), ("no such set",), "홍^길동"),
        ("Müller".encode("latin-1"), ("ISO_IR 100",), "Müller"),
        ("Müller".encode("latin-1"), (), "Müller"),
        ("Müller".encode(), (), "Müller"),
        ("Łukasz".encode("iso8859_2"), ("ISO_IR 101",), "Łukasz"),
        ("王^小东".encode("gb18030"), ("GB18030",), "王^小东"),
        (
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            ("", "ISO 2022 IR 87"),
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
    ],
)
def test_text_is_decoded_as_it_was_meant(raw, charsets, text):
    assert decode_text(raw, charsets) == text


@given(raw=st.binary(max_size=200), charsets=st.lists(st.text(max_size=20), max_size=3))
def test_no_bytes_and_no_declaration_raise(raw, charsets):
    assert isinstance(decode_text(raw, charsets), str)


@given(
    text=st.text(
        st.characters(codec="euc_kr", exclude_categories=["Cc"], exclude_characters="\u3164"), max_size=30
    )
)
def test_what_korean_can_carry_comes_back(text):
    raw = b"\x1b$)C" + text.encode("euc_kr")
    assert decode_text(raw, ("", "ISO 2022 IR 149")) == text.rstrip(" ")


def test_values_set_in_memory_are_taken_as_they_are():
    dataset = Dataset()
    dataset.SpecificCharacterSet = ["", "ISO 2022 IR 149"]
    dataset.PatientName = "홍^길동"
    dataset.StudyDescription = "흉부"
    charsets = declared_charsets(dataset)
    assert charsets == ("", "ISO 2022 IR 149")
    assert read_text(dataset, 0x00100010, charsets) == "홍^길동"
    assert read_text(dataset, 0x00081030, charsets) == "흉부"
    assert read_text(dataset, 0x00100020, charsets) is None


def test_values_of_several_parts_are_joined_as_they_are_encoded():
    dataset = Dataset()
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    assert read_text(dataset, 0x00080008) == "ORIGINAL\\PRIMARY"


@pytest.mark.parametrize(
    ("text", "charsets", "fits"),
    [
        ("Plain", (), True),
        ("홍", (), False),
        ("홍", ("", "ISO 2022 IR 149"), True),
        ("홍", ("ISO 2022 IR 149",), True),
        ("홍", ("ISO_IR 192",), True),
        ("홍", ("ISO_IR 100",), False),
        ("é", ("ISO_IR 100",), True),
        ("é", ("", "ISO 2022 IR 149"), False),
        ("홍", ("", "no such set"), False),
    ],
)
def test_a_character_set_carries_what_it_has(text, charsets, fits):
    assert can_carry(text, charsets) is fits
