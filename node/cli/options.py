"""Options that several commands share."""

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

LimitOption = Annotated[int, typer.Option("--limit", min=1, max=1_000_000, help="How many, newest first.")]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]
