"""``neolung-train``: the offline commands; each imports what it needs only when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from train.evaluate_command import evaluate_bundle, measure_served
from train.fit_commands import begin, classify, combined, export, reproduce, segment
from train.hybrid_commands import carry_over, paint_hybrids
from train.phantom_command import audit, draw_phantoms
from train.prepare_command import prepare_films
from train.retrain_command import retrain

app = typer.Typer(
    name="neolung-train",
    help="Train, measure and export the models. Example: neolung-train phantoms 20 --out phantoms",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command(name="phantoms")(draw_phantoms)
app.command(name="prepare")(prepare_films)
app.command(name="evaluate")(evaluate_bundle)
app.command(name="served")(measure_served)
app.command(name="hybrids")(paint_hybrids)
app.command(name="carry-over")(carry_over)
app.command(name="shortcuts")(audit)
app.command()(retrain)
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
