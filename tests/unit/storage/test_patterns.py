"""Wildcard matching in SQL says what the same pattern says as a regular expression."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from storage.patterns import matches_pieces, starts_with, to_pieces
from storage.tables import event

AWKWARD = "ab%_\\[]^-!*?Aé홍\U0010ffff\ud7ff"
TEXTS = st.lists(st.text(alphabet=AWKWARD, max_size=6), min_size=1, max_size=8, unique=True)
PATTERNS = st.text(alphabet=AWKWARD + "**??", min_size=1, max_size=6)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def as_regex(pattern: str) -> re.Pattern[str]:
    wildcards = {"*": ".*", "?": "."}
    return re.compile("".join(wildcards.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def choose(connection: Connection, texts: list[str], condition: ColumnElement[bool]) -> set[str]:
    """Let the database choose among texts of an indexed column."""
    connection.execute(delete(event))
    now = datetime.now(UTC)
    connection.execute(
        insert(event), [{"at": now, "what": "", "subject": text, "detail": ""} for text in texts]
    )
    return set(connection.scalars(select(event.c.subject).where(condition)))


@given(texts=TEXTS, pattern=PATTERNS)
@example(texts=["100%", "100x"], pattern="100%")
@example(texts=["a_b", "axb"], pattern="a_*")
@example(texts=["a\\b", "a\\\\b"], pattern="a\\?")
@example(texts=["[a]", "a"], pattern="[a]*")
@example(texts=["a*", "a[*]", "ab"], pattern="a?")
@example(texts=["A", "a"], pattern="a*")
@example(texts=["a\U0010ffff", "a\U0010ffffb", "b"], pattern="a\U0010ffff*")
@quick
def test_a_wildcard_pattern_matches_what_its_regular_expression_matches(
    connection: Connection, texts: list[str], pattern: str
) -> None:
    regex = as_regex(pattern)
    condition = matches_pieces(event.c.subject, to_pieces(pattern), connection.dialect.name)

    assert choose(connection, texts, condition) == {text for text in texts if regex.fullmatch(text)}


@given(texts=TEXTS, start=st.text(alphabet=AWKWARD, max_size=3))
@quick
def test_the_range_of_a_start_holds_exactly_what_begins_with_it(
    connection: Connection, texts: list[str], start: str
) -> None:
    chosen = choose(connection, texts, starts_with(event.c.subject, start))

    assert chosen == {text for text in texts if text.startswith(start)}


@pytest.mark.parametrize(
    ("pattern", "pieces"),
    [("", []), ("a", ["a"]), ("***", ["*"]), ("a**?*b", ["a", "*", "?", "*", "b"]), ("??", ["?", "?"])],
)
def test_a_pattern_is_split_at_its_wildcards(pattern: str, pieces: list[str]) -> None:
    assert [piece.text for piece in to_pieces(pattern)] == pieces
