"""A report as sections of text, tables and plots, before it is HTML or Markdown; how figures are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from train.evaluation.statistics.values import Comparison, Interval

NOTHING = "\N{EN DASH}"
_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headers; from the rows at the positions in ``grey`` nothing is to be concluded."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    grey: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its caption; ``name`` becomes its file name beside the Markdown report."""

    name: str
    content: bytes
    caption: str
    is_svg: bool = True

    @property
    def file_name(self) -> str:
        """Name with its suffix."""
        return f"{self.name}.{'svg' if self.is_svg else 'png'}"


@dataclass(frozen=True, slots=True)
class Section:
    """Text first, then tables, then plots, then what is to be borne in mind."""

    title: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    plots: Sequence[Plot] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report.

    Attributes
    ----------
    banners
        What must be seen before any figure.
    """

    title: str
    subtitle: str
    banners: Sequence[str]
    sections: Sequence[Section] = field(default_factory=tuple)


def capital(text: str) -> str:
    """Begin a text with a capital letter and leave the rest, unlike `str.capitalize`."""
    return text[:1].upper() + text[1:]


def number(value: float, digits: int = 3) -> str:
    """Write a number; a dash for NaN."""
    return f"{value:.{digits}f}" if math.isfinite(value) else NOTHING


def interval(one: Interval, digits: int = 3) -> str:
    """Write an estimate with its interval."""
    return f"{number(one.value, digits)}{_range(number(one.low, digits), number(one.high, digits))}"


def percent(one: Interval) -> str:
    """Write a proportion with its interval as percentages."""
    if not math.isfinite(one.value):
        return NOTHING
    return f"{100 * one.value:.1f}{_SPACE}%{_range(f'{100 * one.low:.1f}', f'{100 * one.high:.1f}')}"


def difference(one: Comparison, digits: int = 3) -> str:
    """Write a difference with its sign and interval."""
    if not math.isfinite(one.difference):
        return NOTHING
    low, high = f"{one.low:+.{digits}f}", f"{one.high:+.{digits}f}"
    return f"{one.difference:+.{digits}f}{_range(low, high)}"


def p_value(p: float) -> str:
    """Write a p value."""
    if not math.isfinite(p):
        return NOTHING
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _range(low: str, high: str) -> str:
    """Write limits so that no line breaks within them; nothing where there are none."""
    return "" if NOTHING in (low, high) else f" ({low}{_SPACE}to{_SPACE}{high})"
