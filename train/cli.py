"""``neolung-train``: the offline commands; each imports what it needs only when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.evaluate_command import evaluate_bundle
from train.fit_commands import begin, classify, combined, export, reproduce, segment
from train.hybrid_commands import carry_over, paint_hybrids
from train.prepare_command import prepare_films

app = typer.Typer(
    name="neolung-train",
    help="Train, measure and export the models. Example: neolung-train phantoms 20 --out phantoms",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command(name="prepare")(prepare_films)
app.command(name="evaluate")(evaluate_bundle)
app.command(name="hybrids")(paint_hybrids)
app.command(name="carry-over")(carry_over)
for command in (segment, classify, combined, reproduce, export):
    app.command()(command)

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
def reference(films: Films, out: Out, run: Run) -> None:
    """Make the bundle that ships. Example: neolung-train reference --films data --out b --run runs/r."""
    begin()
    from train.reference import ReferencePlan, make_reference

    manifest = make_reference(films, out, run, ReferencePlan())
    typer.echo(f"{manifest.name} {manifest.version} in {out}")


@app.command(name="demo-films")
def demo_films(images: Annotated[Path, typer.Option(exists=True, help="JPEG films.")], out: Out) -> None:
    """Make the demonstration's films. Example: neolung-train demo-films --images jpeg --out films."""
    from train.demo_films import write_demo_films

    write_demo_films(images, out)


def main() -> None:
    """Run the command line; an error of ours ends it with a sentence and exit code 1."""
    from pipeline.errors import PipelineError
    from train.errors import TrainError

    try:
        app()
    except (TrainError, PipelineError) as error:
        typer.echo(f"neolung-train: {error}", err=True)
        raise SystemExit(1) from error
