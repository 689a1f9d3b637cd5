"""One C-FIND matching key as an SQL condition (PS3.4 C.2.2.2)."""

import json
import re

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Text,
    and_,
    any_,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from storage.attributes import Comparison, IndexedAttribute, clean_text, to_number
from storage.matching import Match, OneOf, Range, Single, Wildcard, Words
from storage.names import GROUPS, fold, name_keys
from storage.patterns import Piece, matches_pieces, to_pieces

_ENDS_IN_CARET = re.compile(r"\^\**$")
_BLANKS = re.compile(r"\s+")
_BEHIND_ALL_DIGITS = "~"


def condition(
    attribute: IndexedAttribute, match: Match, table: FromClause, dialect: str
) -> ColumnElement[bool]:
    """Give the condition that an attribute of ``table`` matches; absent values match nothing.

    Raises
    ------
    ValueError
        For a kind of matching that the attribute does not have.
    """
    column = table.c[attribute.column]
    if attribute.comparison in (Comparison.TEXT, Comparison.DATE):
        return text_condition(column, match, dialect)
    if isinstance(match, OneOf):
        return or_(false(), *(condition(attribute, Single(value), table, dialect) for value in match.values))
    if attribute.comparison is Comparison.NAME:
        return _name([table.c[name] for name in attribute.key_columns], match, dialect)
    if attribute.comparison is Comparison.TIME:
        return _time(column, match, dialect)
    return _number(column, match, dialect)


def text_condition(column: ColumnElement[str], match: Match, dialect: str) -> ColumnElement[bool]:
    """Compare character by character; ranges in code point order with both ends included."""
    match match:
        case Single(value):
            return column == clean_text(value)
        case OneOf(values):
            return _one_of(column, [clean_text(value) for value in values], dialect)
        case Wildcard(pattern):
            return matches_pieces(column, to_pieces(clean_text(pattern)), dialect)
        case Range(low, high):
            return _between(column, low, high)
        case _:
            message = "Text is matched by value, list, wildcard or range."
            raise ValueError(message)


def _one_of(column: ColumnElement[str], values: list[str], dialect: str) -> ColumnElement[bool]:
    # One parameter for the whole list: both databases limit the number of parameters.
    if dialect == "sqlite":
        return column.in_(select(func.json_each(json.dumps(values)).table_valued("value").c.value))
    return column == any_(literal(values, ARRAY(Text)))


def _between(column: ColumnElement[str], low: str | None, high: str | None) -> ColumnElement[bool]:
    above = column >= low if low is not None else column.is_not(None)
    return and_(above, column <= high) if high is not None else above


def _number(column: ColumnElement[int], match: Match, dialect: str) -> ColumnElement[bool]:
    if isinstance(match, Single):
        number = to_number(match.value)
        return false() if number is None else column == number
    return text_condition(cast(column, Text), match, dialect)


def _time(column: ColumnElement[str], match: Match, dialect: str) -> ColumnElement[bool]:
    if not isinstance(match, Single | Range):
        return text_condition(column, match, dialect)
    low, high = (match.value, match.value) if isinstance(match, Single) else (match.low, match.high)
    # HH, HHMM and HHMMSS.F are all legal: they are filled up to the second, the high end by its precision.
    seconds = func.substr(func.substr(column, 1, 6, type_=Text()).concat("0000"), 1, 6, type_=Text())
    return _between(
        seconds.concat(func.substr(column, 7)),
        None if low is None else _earliest(clean_text(low)),
        None if high is None else _latest(clean_text(high)),
    )


def _earliest(time: str) -> str:
    return time[:6].ljust(6, "0") + time[6:].rstrip("0").rstrip(".")


def _latest(time: str) -> str:
    return time[:6] + "235959"[len(time[:6]) :] + time[6:] + _BEHIND_ALL_DIGITS


def _name(columns: list[ColumnElement[str]], match: Match, dialect: str) -> ColumnElement[bool]:
    """Match a lone group against every group of the name, several groups each against its own."""
    match match:
        case Single(value):
            wanted = list(name_keys(clean_text(value)))
        case Wildcard(pattern):
            wanted = clean_text(pattern).split("=")[: len(GROUPS)]
        case Words(words):
            return and_(true(), *(_has_word(columns, word, dialect) for word in words))
        case _:
            message = "Person names have no order; they are matched by value, wildcard or words."
            raise ValueError(message)
    compare = _equals_key if isinstance(match, Single) else _resembles
    given = [(column, group) for column, group in zip(columns, wanted, strict=False) if group]
    if len(given) == 1 and wanted[0]:
        return or_(*(compare(column, wanted[0], dialect) for column in columns))
    return and_(*(compare(column, group, dialect) for column, group in given)) if given else false()


def _equals_key(column: ColumnElement[str], key: str, _dialect: str) -> ColumnElement[bool]:
    return column == key


def _resembles(column: ColumnElement[str], pattern: str, dialect: str) -> ColumnElement[bool]:
    # Keys carry no trailing carets, so a pattern that asks for them also matches without: DOE^* finds DOE.
    patterns = [pattern]
    while _ENDS_IN_CARET.search(patterns[-1]):
        patterns.append(_ENDS_IN_CARET.sub("", patterns[-1]))
    return or_(*(matches_pieces(column, _folded(to_pieces(each)), dialect) for each in patterns))


def _has_word(columns: list[ColumnElement[str]], word: str, dialect: str) -> ColumnElement[bool]:
    """Look for a word's beginning behind a blank or a caret, in any component group."""
    pieces = (Piece("*", is_wildcard=True), Piece(f" {fold(clean_text(word))}"), Piece("*", is_wildcard=True))
    spaced = (literal(" ").concat(func.replace(column, "^", " ", type_=Text())) for column in columns)
    return or_(*(matches_pieces(words, pieces, dialect) for words in spaced))


def _folded(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return tuple(
        piece if piece.is_wildcard else Piece(_BLANKS.sub(" ", fold(piece.text))) for piece in pieces
    )
