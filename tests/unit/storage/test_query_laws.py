"""What a query finds is what the rules of PS3.4 C.2.2.2 say, told a second time in plain Python."""

import re
import unicodedata
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from storage.matching import Level, Match, Range, Single, Wildcard, Words
from storage.query import find
from tests.support.ledgers import add

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

DIGITS = st.integers(0, 59).map("{:02}".format)
HOURS = st.integers(0, 23).map("{:02}".format)
TIMES = st.one_of(
    HOURS,
    st.builds("{}{}".format, HOURS, DIGITS),
    st.builds("{}{}{}".format, HOURS, DIGITS, DIGITS),
    st.builds("{}{}{}.{}".format, HOURS, DIGITS, DIGITS, st.text("0123456789", min_size=1, max_size=6)),
)
DATES = st.dates().map(lambda day: f"{day:%Y%m%d}".zfill(8))
WORDS = st.text(alphabet="aàÀbß\uff21kK", min_size=1, max_size=3)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map("^".join)


def found(connection: Connection, keyword: str, values: Sequence[str], match: Match) -> set[str]:
    """Store each value in a study of its own, and give those that are found."""
    for table in ("sequence_item", "instance", "series", "study"):
        connection.execute(text(f"DELETE FROM {table}"))
    for number, value in enumerate(values):
        add(connection, number, **{keyword: value})
    return {values[_number(entry)] for entry in find(connection, Level.STUDY, {keyword: match})}


def _number(entry: object) -> int:
    return int(str(entry["StudyInstanceUID"]).rsplit(".", 1)[1])  # type: ignore[index]


def bounds(time: str) -> tuple[float, float]:
    """Give the first and the last microsecond that a time of any precision names."""
    units = [3600.0, 60.0, 1.0]
    whole, _, fraction = time.partition(".")
    parts = [whole[start : start + 2] for start in range(0, len(whole), 2)]
    start = sum(int(part) * unit for part, unit in zip(parts, units, strict=False))
    if fraction:
        step = 10.0 ** -len(fraction)
        return start + int(fraction) * step, start + (int(fraction) + 1) * step
    return start, start + units[len(parts) - 1]


@given(
    times=st.lists(TIMES, min_size=1, max_size=6, unique=True), low=st.none() | TIMES, high=st.none() | TIMES
)
@quick
def test_a_range_of_times_holds_what_begins_in_it(
    connection: Connection, times: list[str], low: str | None, high: str | None
) -> None:
    first = bounds(low)[0] if low else 0.0
    last = bounds(high)[1] if high else 86400.0
    expected = {time for time in times if first - 1e-9 <= bounds(time)[0] < last - 1e-9}

    assert found(connection, "StudyTime", times, Range(low, high)) == expected


@given(
    dates=st.lists(DATES, min_size=1, max_size=6, unique=True), low=st.none() | DATES, high=st.none() | DATES
)
@quick
def test_a_range_of_dates_holds_both_its_ends(
    connection: Connection, dates: list[str], low: str | None, high: str | None
) -> None:
    expected = {date for date in dates if (low or "0") <= date <= (high or "99999999")}

    assert found(connection, "StudyDate", dates, Range(low, high)) == expected


def plain(name: str) -> str:
    """Fold a name of the Latin script in the most naive way."""
    opened = unicodedata.normalize("NFKD", name).replace("ß", "ss")
    return "".join(each for each in opened if not unicodedata.combining(each)).lower()


@given(names=st.lists(NAMES, min_size=1, max_size=5, unique=True), wanted=NAMES)
@quick
def test_names_match_as_if_both_were_written_plainly(
    connection: Connection, names: list[str], wanted: str
) -> None:
    expected = {name for name in names if plain(name) == plain(wanted)}

    assert found(connection, "PatientName", names, Single(wanted)) == expected


@given(
    names=st.lists(NAMES, min_size=1, max_size=5, unique=True),
    pattern=st.text("aàKbß^*?", min_size=1, max_size=5),
)
@quick
def test_patterns_of_names_match_as_if_both_were_written_plainly(
    connection: Connection, names: list[str], pattern: str
) -> None:
    wildcards = {"*": ".*", "?": "."}
    # What ends in carets asks for components that may as well be absent.
    shorter = {pattern}
    while (cut := re.sub(r"\^\**$", "", min(shorter, key=len))) not in shorter:
        shorter.add(cut)
    regexes = [
        re.compile("".join(wildcards.get(each, re.escape(each)) for each in plain(each))) for each in shorter
    ]
    expected = {name for name in names if any(regex.fullmatch(plain(name)) for regex in regexes)}

    assert found(connection, "PatientName", names, Wildcard(pattern)) == expected


@given(
    names=st.lists(NAMES, min_size=1, max_size=5, unique=True), words=st.lists(WORDS, min_size=1, max_size=2)
)
@quick
def test_fuzzy_names_have_a_word_that_begins_so_for_each_word(
    connection: Connection, names: list[str], words: list[str]
) -> None:
    expected = {
        name
        for name in names
        if all(any(part.startswith(plain(word)) for part in plain(name).split("^")) for word in words)
    }

    assert found(connection, "PatientName", names, Words(tuple(words))) == expected
