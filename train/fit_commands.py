"""``neolung-train segment``, ``classify``, ``combined``, ``reproduce`` and ``export``: their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EXTRA = ("torch", "timm", "segmentation_models_pytorch", "accelerate", "matplotlib", "onnx")
"""What training needs beyond serving (docs/decisions/0001)."""

Films = Annotated[
    Path, typer.Option(help="Folder that `neolung-train prepare` wrote, or its index.csv.", exists=True)
]
SomeFilms = Annotated[
    Path | None, typer.Option(help="Prepared films with labels; none: phantoms alone.", exists=True)
]
Run = Annotated[
    Path, typer.Option(help="Folder of checkpoints; the same folder again goes on where it stopped.")
]
Recipe = Annotated[str, typer.Option(help="recommended-..., or paper-... for the source paper's.")]
Epochs = Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")]
Size = Annotated[int | None, typer.Option(min=32, help="Side of the input, a multiple of 32.")]
Encoder = Annotated[
    str | None, typer.Option(help="timm EfficientNet: b0 to b8, lite0 to lite4, or its name.")
]
Batch = Annotated[int | None, typer.Option(min=1, help="Films in a batch.")]
Weights = Annotated[
    str | None, typer.Option(help="auto: ImageNet's, from a package or timm's hub; none: random; or a file.")
]
Threads = Annotated[int | None, typer.Option(min=1, help="Of the CPU; the result depends on them.")]
Finder = Annotated[
    Path | None,
    typer.Option(help="Finds the lungs: bundle, or run folder of a segmenter; else what ships.", exists=True),
]


def segment(
    films: Films,
    run: Run,
    recipe: Recipe = "recommended-lungs",
    epochs: Epochs = None,
    size: Size = None,
    encoder: Encoder = None,
    batch: Batch = None,
    weights: Weights = None,
    threads: Threads = None,
    phantoms: Annotated[
        int | None, typer.Option(min=0, help="Simulated films besides; 400 unless the recipe is the paper's.")
    ] = None,
) -> None:
    """Train the lung segmenter. Example: neolung-train segment --films prepared --run runs/lungs."""
    begin()
    from train.commands import run_segment
    from train.named_recipes import Changes

    changes = Changes(epochs, size, encoder, batch, weights, threads)
    besides = phantoms if phantoms is not None else 0 if recipe.startswith("paper") else 400
    _say(run_segment(films, run, recipe, changes, phantoms=besides))


def classify(
    run: Run,
    films: SomeFilms = None,
    lungs: Finder = None,
    recipe: Recipe = "recommended-findings",
    epochs: Epochs = None,
    size: Size = None,
    encoder: Encoder = None,
    batch: Batch = None,
    weights: Weights = None,
    threads: Threads = None,
    phantoms: Annotated[
        int | None, typer.Option(min=0, help="Simulated films besides; 1000 where there are no others.")
    ] = None,
) -> None:
    """Train the classifier. Example: neolung-train classify --films prepared --run runs/findings."""
    begin()
    from train.commands import run_classify
    from train.lessons import Lesson
    from train.named_recipes import Changes

    changes = Changes(epochs, size, encoder, batch, weights, threads)
    _say(run_classify(Lesson(films, _phantoms(films, phantoms), lungs), run, recipe, changes))


def combined(
    findings: Annotated[Path, typer.Option(help="Run folder of the classifier that learns on.", exists=True)],
    run: Run,
    films: SomeFilms = None,
    lungs: Finder = None,
    recipe: Recipe = "recommended-combined",
    epochs: Epochs = None,
    batch: Batch = None,
    threads: Threads = None,
    phantoms: Annotated[
        int | None, typer.Option(min=0, help="Simulated films besides; 1000 where there are no others.")
    ] = None,
) -> None:
    """Train a classifier further on found lungs. Example: neolung-train combined --findings a --run b."""
    begin()
    from train.commands import run_combined
    from train.lessons import Lesson
    from train.named_recipes import Changes

    lesson = Lesson(films, _phantoms(films, phantoms), lungs)
    _say(run_combined(lesson, findings, run, recipe, Changes(epochs=epochs, batch=batch, threads=threads)))


def reproduce(
    index: Annotated[Path, typer.Argument(help="index.csv of prepared films, or its folder.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder of runs and tables; the same one again goes on.")],
    budget: Annotated[str, typer.Option(help="tiny, small or paper.")] = "small",
    split: Annotated[str, typer.Option(help="auto, given, patient or paper.")] = "auto",
    encoders: Annotated[str, typer.Option(help="Of the classifiers: b0,b3,b5; else the budget's.")] = "",
    encoder: Annotated[str | None, typer.Option(help="Of the segmenter; else the budget's.")] = None,
    epochs: Epochs = None,
    size: Size = None,
    batch: Batch = None,
    weights: Weights = None,
    threads: Threads = None,
) -> None:
    """Train and print the source paper's tables. Example: neolung-train reproduce prepared --out tables."""
    begin()
    from train.named_recipes import Changes
    from train.reproduction.command import run_reproduce

    names = tuple(name.strip() for name in encoders.split(",") if name.strip())
    changes = Changes(epochs, size, encoder, batch, weights, threads)
    _say(run_reproduce(index, out, budget, changes=changes, encoders=names, dealing=split))


def export(
    lungs: Annotated[Path, typer.Option(help="Run folder of the segmenter.", exists=True)],
    findings: Annotated[Path, typer.Option(help="Run folder of the classifier.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    name: Annotated[str, typer.Option(help="Name of the bundle.")] = "site",
    version: Annotated[str, typer.Option(help="Version of the bundle.")] = "0.1.0",
    films: Annotated[Path | None, typer.Option(help="Prepared films for the proof; else phantoms.")] = None,
) -> None:
    """Bind two networks to a bundle. Example: neolung-train export --lungs a --findings b --out bundle."""
    begin()
    from train.exporting import run_export

    _say(run_export(lungs, findings, out, name=name, version=version, films=films))


def _phantoms(films: Path | None, asked: int | None) -> int:
    if asked is not None:
        return asked
    return 0 if films else 1000


def begin() -> None:
    """Say at once, and not after an hour of decoding films, that training cannot work here."""
    from importlib.util import find_spec

    from train.display import show_log
    from train.errors import MissingExtra

    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"{', '.join(missing)} missing: pip install -e '.[train]' in neolung's folder")
    show_log()


def _say(text: str) -> None:
    from train.processes import is_main

    if is_main():
        typer.echo(text)
