"""``neolung-train retrain``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.fit_commands import begin


def retrain(
    data: Annotated[
        Path, typer.Option(help="Films of the site: what `neolung export` wrote, or prepared.", exists=True)
    ],
    out: Annotated[Path, typer.Option(help="Folder of the candidate bundle.")],
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Bundle to start from, and to be compared with.", exists=True),
    ] = None,
    lock: Annotated[
        Path | None,
        typer.Option(help="File of the locked babies, kept for ever; else locked.json in --data."),
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of checkpoints; else beside --out.")] = None,
    budget: Annotated[str, typer.Option(help="full, small or tiny.")] = "full",
    version: Annotated[str, typer.Option(help="Version of the candidate; else today's date.")] = "",
) -> None:
    """Go on learning from the site's own films, and compare with the old bundle on locked babies.

    Run again with the same folders, it goes on where it was interrupted.
    Example: neolung-train retrain --data export --out candidate
    """
    begin()
    from train.retraining.command import Retraining, run_retrain

    typer.echo(run_retrain(Retraining(data, out, start, lock, run, budget, version)))
