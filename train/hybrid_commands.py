"""``neolung-train hybrids`` and ``carry-over``: their options, and what they print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Films = Annotated[
    Path, typer.Option(help="Prepared films: those with rds 0 and a lung mask are painted on.", exists=True)
]


def paint_hybrids(
    films: Films,
    out: Annotated[Path, typer.Option(help="Folder that is written.")],
    count: Annotated[int, typer.Option(min=1, help="How many films.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first film; each next one counts up.")] = 0,
    split: Annotated[str, typer.Option(help="Only films of this split; empty: all.")] = "train",
    page: Annotated[
        Path | None, typer.Option(help="Write only one picture to look at, to this file.")
    ] = None,
) -> None:
    """Paint disease on real films. Example: neolung-train hybrids --films prepared --out hybrids."""
    from train.hybrid.command import run_hybrids, run_page

    if page is not None:
        typer.echo(run_page(films, page, seed, split))
        return
    with typer.progressbar(length=count, label="hybrids") as bar:
        done = run_hybrids(films, out, range(seed, seed + count), split, lambda: bar.update(1))
    typer.echo(done)


def carry_over(
    films: Films,
    run: Annotated[Path, typer.Option(help="Folder of checkpoints and caches; the same one goes on.")],
    out: Annotated[Path, typer.Option(help="Markdown file that is written.")],
    count: Annotated[int, typer.Option(min=20, help="Films to train each mixture on.")] = 320,
    test: Annotated[int, typer.Option(min=20, help="Films of each kind to test on.")] = 160,
    epochs: Annotated[int, typer.Option(min=1)] = 8,
    size: Annotated[int, typer.Option(min=32, help="Side of the input, divisible by 32.")] = 192,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads to train with.")] = 2,
) -> None:
    """Train on phantoms or hybrids, test on both. Example: carry-over --films p --run r --out t.md."""
    import logging

    from train.hybrid.command import Budget, run_carry_over

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    typer.echo(run_carry_over(films, run, out, Budget(count, test, epochs, size, threads)))
