"""Options that several commands share."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="Configuration file; else $NEOLUNG_CONFIG, ./config.yaml, or the built-in defaults.",
        show_default=False,
    ),
]


def parse_day(text: str) -> date:
    """Read a date as people write it for options."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no date; write 2026-03-31") from error


LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="How many, newest first.")]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]
