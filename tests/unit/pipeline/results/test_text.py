"""Text of headers in every character set that hospitals send."""

import pytest
from pydicom import Dataset

from pipeline.results.text import CharacterSet, text_of
from tests.support.analyses import received
from tests.support.films import make_film

KOREAN = "Hong^Gildong=洪^吉洞=홍^길동"
ESCAPED_KOREAN = (
    b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
)
JAPANESE = "Yamada^Tarou=山田^太郎=やまだ^たろう"
ESCAPED_JAPANESE = b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B"


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        (["", "ISO 2022 IR 149"], ESCAPED_KOREAN, KOREAN),
        ("ISO 2022 IR 149", ESCAPED_KOREAN, KOREAN),
        (["ISO 2022 IR 6", "ISO 2022 IR 149"], ESCAPED_KOREAN, KOREAN),
        (["", "ISO 2022 IR 149"], KOREAN.encode("euc_kr"), KOREAN),
        ("ISO 2022 IR 149", KOREAN.encode("euc_kr"), KOREAN),
        ("ISO_IR 149", KOREAN.encode("euc_kr"), KOREAN),
        ("EUC-KR", KOREAN.encode("euc_kr"), KOREAN),
        (None, ESCAPED_KOREAN, KOREAN),
        ("ISO_IR 192", KOREAN.encode(), KOREAN),
        ("UTF-8", KOREAN.encode(), KOREAN),
        ("ISO_IR_192", KOREAN.encode(), KOREAN),
        (None, KOREAN.encode(), KOREAN),
        ("", KOREAN.encode(), KOREAN),
        ("ISO_IR 6", KOREAN.encode(), KOREAN),
        (None, KOREAN.encode("cp949"), KOREAN),
        ("NONSENSE", KOREAN.encode("cp949"), KOREAN),
        (["", "ISO 2022 IR 87"], ESCAPED_JAPANESE, JAPANESE),
        ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis"), "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 100", "Müller^Zoë".encode("latin-1"), "Müller^Zoë"),
        ("ISO-8859-1", "Müller^Zoë".encode("latin-1"), "Müller^Zoë"),
        (None, "Müller^Zoë".encode("latin-1"), "Müller^Zoë"),
        ("GB18030", "王^小东".encode("gb18030"), "王^小东"),
        ("ISO_IR 166", "สม^ชาย".encode("iso_ir_166"), "สม^ชาย"),
    ],
)
@pytest.mark.parametrize("is_looked_at", [False, True], ids=["raw", "already converted by pydicom"])
def test_a_name_is_read_whatever_its_character_set(
    declared: object, raw: bytes, text: str, is_looked_at: bool
) -> None:
    film = film_with_raw_name(declared, raw)
    if is_looked_at:
        str(film.PatientName)

    assert text_of(film, "PatientName", CharacterSet.of(film)) == text


@pytest.mark.parametrize(
    ("declared", "raw", "text"),
    [
        ("ISO 2022 IR 149", "똠^방".encode("cp949"), "똠^방"),
        ("ISO_IR 192", KOREAN.encode("cp949"), KOREAN),
    ],
)
def test_a_wrong_declaration_is_seen_through(declared: str, raw: bytes, text: str) -> None:
    film = film_with_raw_name(declared, raw)

    assert text_of(film, "PatientName", CharacterSet.of(film)) == text


def test_text_that_was_mangled_by_decoding_it_as_latin_1_is_repaired() -> None:
    film = film_with_raw_name(None, KOREAN.encode("cp949"), keyword="StudyDescription")
    assert film.StudyDescription != KOREAN

    assert text_of(film, "StudyDescription", CharacterSet.of(film)) == KOREAN


def test_an_item_may_have_a_character_set_of_its_own() -> None:
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 192"
    parent = CharacterSet(("ISO_IR 100",))

    assert CharacterSet.of(item, parent).terms == ("ISO_IR 192",)
    assert CharacterSet.of(Dataset(), parent) is parent


def test_padding_is_not_part_of_a_value_but_leading_spaces_are() -> None:
    film = film_with_raw_name(None, b"  A^B \0", keyword="StudyDescription")

    assert text_of(film, "StudyDescription", CharacterSet()) == "  A^B"


def test_several_values_stay_joined() -> None:
    film = received(make_film(PatientOrientation=["L", "F"]))

    assert text_of(film, "PatientOrientation", CharacterSet()) == "L\\F"


@pytest.mark.parametrize(
    ("terms", "text", "expected"),
    [
        ((), "Hong^Gildong", True),
        ((), "Müller", False),
        (("ISO_IR 100",), "Müller", True),
        (("ISO_IR 100",), "홍^길동", False),
        (("", "ISO 2022 IR 149"), KOREAN, True),
        (("", "ISO 2022 IR 149"), "똠", False),
        (("ISO_IR 13",), "山田", False),
        (("", "ISO 2022 IR 87"), JAPANESE, True),
        (("ISO_IR 192",), KOREAN + JAPANESE, True),
    ],
)
def test_a_character_set_knows_what_it_can_carry(terms: tuple[str, ...], text: str, expected: bool) -> None:
    assert CharacterSet(terms).can_encode(text) is expected


def film_with_raw_name(declared: object, raw: bytes, *, keyword: str = "PatientName") -> Dataset:
    """Make a film as received whose attribute has exactly these bytes."""
    return received(make_film(rows=16, columns=16, SpecificCharacterSet=declared, **{keyword: raw}))
