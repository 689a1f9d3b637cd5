"""``neolung-train evaluate``: its options, and what it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_NEEDED = ("jinja2", "matplotlib")


def evaluate_bundle(
    index: Annotated[Path, typer.Option(help="Prepared folder, or its index.csv.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder of the report; kept answers in it are not asked again.")],
    bundle: Annotated[Path | None, typer.Option(help="Folder of the bundle; else the shipped one.")] = None,
    split: Annotated[str, typer.Option(help="Split that is measured.")] = "test",
    validation: Annotated[str, typer.Option(help="Split for thresholds and temperature.")] = "val",
    against: Annotated[Path | None, typer.Option(help="Another bundle, compared film by film.")] = None,
    swapped: Annotated[
        Path | None,
        typer.Option(
            help="Phantoms whose devices go along with RDS otherwise: folder or index.", exists=True
        ),
    ] = None,
    finding: Annotated[
        str, typer.Option(help="What a label of 1 means, for the report.")
    ] = "respiratory distress syndrome",
    quick: Annotated[bool, typer.Option(help="Leave out turned films and the painted-over lungs.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="Of the CPU engine; 0 lets it choose.")] = 1,
    repeats: Annotated[int, typer.Option(min=10, help="Draws of the bootstrap.")] = 2000,
) -> None:
    """Measure a bundle and write a report. Example: neolung-train evaluate --index prepared --out report."""
    _require()
    from pipeline.bundle import reference_bundle
    from train.evaluation.command import Plan, run_evaluate

    plan = Plan(
        bundle=bundle or reference_bundle(),
        index=index,
        out=out,
        split=split,
        validation=validation,
        against=against,
        swapped=swapped,
        quick=quick,
        finding=finding,
        threads=threads,
        repeats=repeats,
    )
    typer.echo(run_evaluate(plan))


def measure_served(
    films: Annotated[Path, typer.Option(help="Prepared pictures with lung masks.", exists=True)],
    split: Annotated[str, typer.Option(help="Split that is measured.")] = "val",
    bundle: Annotated[Path | None, typer.Option(help="Folder of the bundle; else the shipped one.")] = None,
) -> None:
    """Measure the lungs from DX file to Segmentation. Example: neolung-train served --films prepared."""
    from pipeline.bundle import reference_bundle
    from train.evaluation.served import run_served

    typer.echo(run_served(bundle or reference_bundle(), films, split))


def _require() -> None:
    from importlib.util import find_spec

    from train.errors import MissingExtra

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"{', '.join(missing)} missing: pip install -e '.[train]' in neolung's folder")
