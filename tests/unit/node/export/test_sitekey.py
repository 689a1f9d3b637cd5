"""The site's secret and what follows from it."""

import re
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import ExportRefused
from node.export.sitekey import FEWEST_DAYS, MOST_DAYS, SiteKey, load_key
from node.export.treatments import shift_date

keys = st.binary(min_size=32, max_size=32).map(SiteKey)
texts = st.text(max_size=80)
days = st.dates(date(1990, 1, 1), date(2060, 1, 1))


@given(keys, texts, texts)
def test_uids_are_valid_and_alike_only_for_the_same_uid(key: SiteKey, one: str, other: str) -> None:
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", key.uid(one))
    assert (key.uid(one) == key.uid(other)) == (one == other)


@given(keys, keys, texts)
def test_another_key_gives_other_replacements(key: SiteKey, other: SiteKey, text: str) -> None:
    same = key.secret == other.secret

    assert (key.uid(text) == other.uid(text)) == same
    assert (key.digest("patient", text) == other.digest("patient", text)) == same


@given(keys, texts, days, days)
def test_intervals_between_the_dates_of_a_patient_stay(
    key: SiteKey, patient: str, one: date, other: date
) -> None:
    shift = key.shift(patient)
    shifted = [shift_date(f"{day:%Y%m%d}", shift) for day in (one, other)]
    made = [date(int(day[:4]), int(day[4:6]), int(day[6:])) for day in shifted]

    assert made[1] - made[0] == other - one
    assert timedelta(FEWEST_DAYS) <= one - made[0] <= timedelta(MOST_DAYS)


@given(keys, texts, st.sampled_from(["maker", "model"]))
def test_replacements_hold_nothing_but_their_kind_and_digits(key: SiteKey, text: str, kind: str) -> None:
    assert re.fullmatch(rf"{kind}-\d{{8}}", key.name(kind, text))
    assert re.fullmatch(r"P\d{16}", key.patient_id(text))


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "var" / "export.key"
    key = load_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path) == key
    assert list(path.parent.iterdir()) == [path]
    assert key.secret.hex() not in repr(key)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.key"
    load_key(path)
    path.chmod(0o640)

    with pytest.raises(ExportRefused, match="chmod 600"):
        load_key(path)


@pytest.mark.parametrize("content", [b"", b"short", b"z" * 64, "ß".encode() * 32])
def test_a_file_that_is_no_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export.key"
    path.write_bytes(content)
    path.chmod(0o600)

    with pytest.raises(ExportRefused, match="key"):
        load_key(path)
    assert path.read_bytes() == content
