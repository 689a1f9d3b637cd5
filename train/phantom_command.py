"""``neolung-train phantoms``: its options, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def draw_phantoms(
    count: Annotated[int, typer.Argument(min=1, help="How many films.")] = 32,
    out: Annotated[Path | None, typer.Option(help="Folder that is written.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first film; each next one counts up.")] = 0,
    long_side: Annotated[
        int, typer.Option(min=0, max=4096, help="Pixels of the longer side; 0: the detector's own.")
    ] = 0,
    png: Annotated[bool, typer.Option("--png", help="PNG films and masks, not DICOM films and SEG.")] = False,
    split: Annotated[str, typer.Option(help="Split of all films; empty: every fifth is val.")] = "",
    tell: Annotated[
        float,
        typer.Option(min=-1, max=1, help="How far tubes and lines follow the label; below 0: its opposite."),
    ] = 0.0,
    swap: Annotated[int, typer.Option(min=0, help="Other numbers: the same babies, other devices.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw.")] = 1,
    page: Annotated[
        Path | None, typer.Option(help="Write only one picture of 32 films to look at, to this file.")
    ] = None,
) -> None:
    """Draw simulated newborn films. Example: neolung-train phantoms 20 --out phantoms --workers 2."""
    from train.phantom.film import PhantomSettings
    from train.phantom.page import draw_page
    from train.phantom_folder import FolderPlan, write_phantoms

    if page is not None:
        typer.echo(f"{draw_page(seed, page)} SYNTHETIC films on {page}")
        return
    if out is None:
        raise typer.BadParameter("give the folder that is to be written, or --page FILE", param_hint="--out")
    settings = PhantomSettings(long_side=long_side or None, devices_tell=tell, device_seed=swap)
    plan = FolderPlan(settings, dicom=not png, split=split, workers=workers)
    with typer.progressbar(length=count, label="phantoms") as bar:
        for _ in write_phantoms(range(seed, seed + count), out, plan):
            bar.update(1)
    typer.echo(f"{count} SYNTHETIC films in {out}")


def audit(
    run: Annotated[Path, typer.Option(help="Folder of checkpoints and caches; the same one goes on.")],
    out: Annotated[Path, typer.Option(help="Markdown file that is written.")],
    count: Annotated[int, typer.Option(min=20, help="Phantoms to train each arm on.")] = 320,
    test: Annotated[int, typer.Option(min=20, help="Babies to test on.")] = 200,
    epochs: Annotated[int, typer.Option(min=1)] = 8,
    size: Annotated[int, typer.Option(min=32, help="Side of the input, divisible by 32.")] = 192,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads to train with.")] = 2,
) -> None:
    """Train with devices that tell the label, test without. Example: shortcuts --run r --out s.md."""
    import logging

    from train.shortcut.command import Budget, run_shortcuts

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    typer.echo(run_shortcuts(run, out, Budget(count, test, epochs, size, threads)))
