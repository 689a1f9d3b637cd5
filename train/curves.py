"""Learning curves in the run folder: a table of all figures, and a picture of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from train.processes import partial_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES, PICTURE = "curves.csv", "curves.png"
_NOT_DRAWN = {"loss", "seconds", "learning_rate"}

History = Sequence[Mapping[str, float]]


def write_curves(run: Path, history: History) -> None:
    """Write ``curves.csv``: one line an epoch, one column a figure."""
    names = list(dict.fromkeys(name for entry in history for name in entry))
    text = io.StringIO()
    writer = csv.DictWriter(text, ["epoch", *names], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"epoch": number, **entry} for number, entry in enumerate(history, start=1))
    replace_text(run / CURVES, text.getvalue())


def draw_curves(run: Path, history: History) -> None:
    """Write ``curves.png``: the loss, and the validation figures with the epoch that was kept."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = range(1, len(history) + 1)
    left.plot(epochs, [entry["loss"] for entry in history], color="black", marker=".")
    left.set(title="Loss on the training films", xlabel="epoch")
    _draw_figures(right, history)
    partial = partial_of(run / PICTURE)
    figure.savefig(partial, format="png")  # A figure without pyplot draws on Agg, which needs no screen.
    partial.replace(run / PICTURE)


def _draw_figures(axes: Axes, history: History) -> None:
    epochs = range(1, len(history) + 1)
    for name in (name for name in history[0] if name not in _NOT_DRAWN):
        axes.plot(epochs, [entry[name] for entry in history], marker=".", label=name.replace("_", " "))
    best = max(epochs, key=lambda epoch: history[epoch - 1]["score"])
    axes.axvline(best, color="grey", linestyle=":")
    axes.set(title=f"Validation films; epoch {best} was kept", xlabel="epoch")
    axes.legend(fontsize="small")


def replace_text(path: Path, text: str) -> None:
    """Write a file so that a reader, or a restart after a kill, never sees half of it."""
    partial = partial_of(path)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
