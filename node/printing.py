"""How results are shown: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import typer

T = TypeVar("T")


def show_json(value: object) -> None:
    """Print a value as JSON; times in ISO 8601."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table as wide as the terminal; None is shown as a dash."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text("-" if cell is None or cell == "" else str(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 200)
    console.print(table)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Put a number before its noun.

    >>> counted(1, "film"), counted(0, "film"), counted(2, "analysis", "analyses")
    ('1 film', '0 films', '2 analyses')
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def age_of(moment: datetime, now: datetime) -> str:
    """Tell how long ago something was, in the largest fitting unit.

    >>> from datetime import UTC
    >>> age_of(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 5, tzinfo=UTC))
    '5 min'
    """
    return duration_text(now - moment)


def duration_text(duration: timedelta) -> str:
    """Say a duration in its largest fitting unit: ``12 s``, ``5 min``, ``3 h``, ``2 d``."""
    seconds = int(duration.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if abs(seconds) >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def progress(items: Iterable[T], description: str, total: int | None = None) -> Iterable[T]:
    """Pass items on while a progress bar shows how far the work is; no bar where no terminal is."""
    from rich.progress import track

    return track(items, description=description, total=total, transient=True, disable=not sys.stderr.isatty())
