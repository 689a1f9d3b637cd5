"""What the training commands of ``neolung-train`` do, as functions that return the line to print."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from train.checkpoint import read_history
from train.curves import replace_text
from train.data.prepared import films_with_lungs, read_prepared
from train.evaluation.serving_point import ServingPoint, fit_serving_point
from train.films import concatenate, square_films
from train.finders import LungFinder, lung_finder
from train.findings import FindingSettings, predict_logits, train_findings
from train.lessons import Lesson, show
from train.lungs import train_lungs
from train.named_recipes import Changes, finding_recipe, lung_recipe
from train.phantom_sets import LungCrops, phantom_squares
from train.runs import finding_architecture, input_size

if TYPE_CHECKING:
    from torch import nn

OPERATING_POINT = "operating_point.json"


def run_segment(films: Path, run: Path, recipe: str, changes: Changes, *, phantoms: int = 0) -> str:
    """Train the segmenter on an index of films, and on phantoms besides."""
    settings = lung_recipe(recipe, changes)
    index = read_prepared(films)
    training, validation = (
        square_films(films_with_lungs(index, split), settings.cache_size, run / "cache", settings.profile)
        for split in ("train", "val")
    )
    if phantoms:
        drawn = phantom_squares(range(phantoms), settings.cache_size, run / "cache")
        training = concatenate([training, drawn])
    train_lungs(training, validation, settings, run)
    return best_of(run)


def run_classify(lesson: Lesson, run: Path, recipe: str, changes: Changes) -> str:
    """Train the classifier and choose its operating point on the validation films."""
    settings = finding_recipe(recipe, changes)
    # The paper's first classifier knows outlined lungs alone.
    return _learn(lesson, run, settings, None if settings.profile == "paper" else lung_finder(lesson.lungs))


def run_combined(lesson: Lesson, start: Path, run: Path, recipe: str, changes: Changes) -> str:
    """Train a classifier further on lungs that a segmenter finds.

    Parameters
    ----------
    start
        Run folder of the classifier; its network and size are kept.
    """
    kept = replace(changes, encoder=finding_architecture(start).backbone, size=input_size(start))
    return _learn(lesson, run, finding_recipe(recipe, kept), lung_finder(lesson.lungs), start)


def best_of(run: Path) -> str:
    """Say the figures of the epoch that was kept."""
    history = read_history(run)
    best = max(history, key=lambda entry: float(entry["score"]))
    figures = ", ".join(
        f"{name} {value:.4f}" for name, value in best.items() if name not in {"loss", "seconds"}
    )
    return f"best of {len(history)} epochs: {figures}"


def _learn(
    lesson: Lesson, run: Path, settings: FindingSettings, finder: LungFinder | None, start: Path | None = None
) -> str:
    shown = show(lesson, settings, finder, run / "cache")
    network = train_findings(shown.training, shown.validation, settings, run, start=start)
    _write_operating_point(network, shown.validation, settings, run)
    return f"{best_of(run)}{f' ({shown.words})' if shown.words else ''}"


def _write_operating_point(
    network: nn.Module, validation: LungCrops, settings: FindingSettings, run: Path
) -> None:
    """Keep what calibrates and what decides; the paper did not choose them."""
    point = ServingPoint()
    if settings.profile != "paper":
        point = fit_serving_point(predict_logits(network, validation, settings), validation.labels)
    replace_text(run / OPERATING_POINT, json.dumps(asdict(point)) + "\n")
