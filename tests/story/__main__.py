"""``python -m tests.story [--babies N] [--out DIR]``: play the year and print it."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests.story.hospital import StoryFailed
from tests.story.telling import Plan, tell

_FILMS_IN_A_WINDOW = 12


def main(
    babies: Annotated[int, typer.Option(min=60, help="In the whole year.")] = 600,
    budget: Annotated[str, typer.Option(help="Of the retraining: full, small or tiny.")] = "small",
    long_side: Annotated[int, typer.Option(min=128, help="Pixels of the films.")] = 640,
    bundle: Annotated[Path | None, typer.Option(help="To start with; else the one that ships.")] = None,
    out: Annotated[Path | None, typer.Option(help="Keeps everything that is written.")] = None,
) -> None:
    """Play a year at a small hospital with simulated babies (SYNTHETIC)."""
    with TemporaryDirectory(prefix="neolung-story-") as folder:
        days = 7 * math.ceil(365 * _FILMS_IN_A_WINDOW / (7 * babies))
        plan = Plan(babies, long_side, budget, bundle, window_days=days, say=lambda text: typer.echo(text))
        try:
            told = tell(out or Path(folder), plan)
        except StoryFailed as error:
            typer.echo(f"the story ends early: {error}", err=True)
            raise typer.Exit(1) from error
    better = [figure for figure in ("auroc", "iou") if (told.differences.get(figure) or 0) > 0]
    typer.echo(
        f"On the locked babies the candidate beats the bundle before in: {', '.join(better) or 'nothing'}."
    )
    raise typer.Exit(0 if better else 1)


if __name__ == "__main__":
    typer.run(main)
