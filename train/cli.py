"""``neolung-train``: the offline commands; each imports what it needs only when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.prepare_command import prepare_films

app = typer.Typer(
    name="neolung-train",
    help="Train, measure and export the models. Example: neolung-train phantoms 20 --out phantoms",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

EXTRA = ("torch", "timm", "segmentation_models_pytorch", "accelerate", "matplotlib", "jinja2", "onnx")
"""What training needs beyond serving (docs/decisions/0001)."""

app.command(name="prepare")(prepare_films)

Out = Annotated[Path, typer.Option(help="Folder that is written.")]
Films = Annotated[
    Path, typer.Option(help="Folder that `neolung-train prepare` wrote, or its index.csv.", exists=True)
]
Run = Annotated[
    Path, typer.Option(help="Folder of checkpoints; the same folder again goes on where it stopped.")
]


@app.command()
def phantoms(
    count: Annotated[int, typer.Argument(min=1, help="How many films.")],
    out: Out,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first film; each next one counts up.")] = 0,
    long_side: Annotated[int, typer.Option(min=64, max=4096, help="Pixels of the longer side.")] = 640,
    dicom: Annotated[bool, typer.Option(help="Write DICOM files, not PNG.")] = False,
) -> None:
    """Draw simulated newborn films. Example: neolung-train phantoms 20 --out phantoms --dicom."""
    from train.phantom_folder import write_phantoms

    with typer.progressbar(length=count, label="phantoms") as bar:
        for _ in write_phantoms(range(seed, seed + count), out, long_side=long_side, dicom=dicom):
            bar.update(1)
    typer.echo(f"{count} SYNTHETIC films in {out}")


@app.command()
def segment(
    films: Films,
    run: Run,
    epochs: Annotated[int, typer.Option(min=1)] = 12,
    size: Annotated[int, typer.Option(min=32, help="Side of the input, divisible by 32.")] = 256,
    phantoms: Annotated[int, typer.Option(min=0, help="Simulated films to train on besides.")] = 400,
) -> None:
    """Train the lung segmenter. Example: neolung-train segment --films data --run runs/lungs."""
    _require_extra()
    from train.commands import run_segment

    _show_progress()
    typer.echo(run_segment(films, run, epochs=epochs, size=size, phantoms=phantoms))


@app.command()
def classify(
    run: Run,
    bundle: Annotated[Path | None, typer.Option(help="Finds the lungs; else the shipped one.")] = None,
    epochs: Annotated[int, typer.Option(min=1)] = 8,
    phantoms: Annotated[int, typer.Option(min=8, help="Simulated films to train on.")] = 1000,
) -> None:
    """Train the RDS classifier on simulated films. Example: neolung-train classify --run runs/findings."""
    _require_extra()
    from train.commands import run_classify

    _show_progress()
    typer.echo(run_classify(bundle, run, epochs=epochs, phantoms=phantoms))


@app.command()
def export(
    lungs: Annotated[Path, typer.Option(help="Run folder of the segmenter.", exists=True)],
    findings: Annotated[Path, typer.Option(help="Run folder of the classifier.", exists=True)],
    out: Out,
    name: Annotated[str, typer.Option(help="Name of the bundle.")] = "site",
    version: Annotated[str, typer.Option(help="Version of the bundle.")] = "0.1.0",
) -> None:
    """Bind two networks to a bundle. Example: neolung-train export --lungs a --findings b --out bundle."""
    _require_extra()
    from train.commands import run_export

    typer.echo(run_export(lungs, findings, out, name=name, version=version))


@app.command()
def reference(films: Films, out: Out, run: Run) -> None:
    """Make the bundle that ships. Example: neolung-train reference --films data --out b --run runs/r."""
    _require_extra()
    from train.reference import ReferencePlan, make_reference

    _show_progress()
    manifest = make_reference(films, out, run, ReferencePlan())
    typer.echo(f"{manifest.name} {manifest.version} in {out}")


@app.command(name="demo-films")
def demo_films(images: Annotated[Path, typer.Option(exists=True, help="JPEG films.")], out: Out) -> None:
    """Make the demonstration's films. Example: neolung-train demo-films --images jpeg --out films."""
    from train.demo_films import write_demo_films

    write_demo_films(images, out)


def _require_extra() -> None:
    """Say at once, and not after an hour of drawing phantoms, that training cannot work here."""
    from importlib.util import find_spec

    from train.errors import MissingExtra

    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"{', '.join(missing)} not installed: pip install 'neolung[train]'")


def _show_progress() -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


def main() -> None:
    """Run the command line; an error of ours ends it with a sentence and exit code 1."""
    from pipeline.errors import PipelineError
    from train.errors import TrainError

    try:
        app()
    except (TrainError, PipelineError) as error:
        typer.echo(f"neolung-train: {error}", err=True)
        raise SystemExit(1) from error
