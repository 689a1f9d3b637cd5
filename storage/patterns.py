"""Wildcard matching (PS3.4 C.2.2.2.4) in SQL: ``*`` any run of characters, ``?`` any one character."""

import sys
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, true

ANY_RUN, ANY_ONE = "*", "?"
_LIKE_ESCAPE = "!"
_LAST_CODE_POINT = chr(sys.maxunicode)
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a pattern: literal text, or one of the two wildcards."""

    text: str
    is_wildcard: bool = False


def to_pieces(pattern: str) -> tuple[Piece, ...]:
    """Split a pattern into literal text and wildcards; a run of ``*`` counts as one."""
    pieces: list[Piece] = []
    literal = ""
    for character in pattern:
        if character not in (ANY_RUN, ANY_ONE):
            literal += character
            continue
        if literal:
            pieces.append(Piece(literal))
            literal = ""
        wildcard = Piece(character, is_wildcard=True)
        if character == ANY_ONE or pieces[-1:] != [wildcard]:
            pieces.append(wildcard)
    return (*pieces, Piece(literal)) if literal else tuple(pieces)


def matches_pieces(
    column: ColumnElement[str], pieces: tuple[Piece, ...], dialect: str
) -> ColumnElement[bool]:
    """Give the condition that a text matches, from its first to its last character and case sensitively.

    The literal start of the pattern is also given as a range, which an index on the column can answer.
    """
    start = pieces[0].text if pieces and not pieces[0].is_wildcard else ""
    if dialect == "sqlite":
        # LIKE ignores the case of ASCII letters on SQLite; GLOB does not.
        matched = column.op("GLOB", is_comparison=True)("".join(map(_to_glob, pieces)))
    else:
        matched = column.like("".join(map(_to_like, pieces)), escape=_LIKE_ESCAPE)
    return and_(starts_with(column, start), matched)


def starts_with(column: ColumnElement[str], start: str) -> ColumnElement[bool]:
    """Give the range of texts that begin with ``start``, in code point order."""
    if not start:
        return true()
    end = _after(start)
    return and_(column >= start, column < end) if end else column >= start


def _after(start: str) -> str:
    """Give the first text behind all that begin with ``start``; empty when there is none."""
    start = start.rstrip(_LAST_CODE_POINT)
    if not start:
        return ""
    following = ord(start[-1]) + 1
    return start[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def _to_glob(piece: Piece) -> str:
    if piece.is_wildcard:
        return piece.text
    return "".join(f"[{character}]" if character in "*?[" else character for character in piece.text)


def _to_like(piece: Piece) -> str:
    if piece.is_wildcard:
        return "%" if piece.text == ANY_RUN else "_"
    return "".join(_LIKE_ESCAPE + character if character in "%_!" else character for character in piece.text)
