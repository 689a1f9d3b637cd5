"""The tables as Markdown and CSV, beside the paper's figures."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from train.curves import replace_text
from train.evaluation.segmentation import SegmentationFigures
from train.evaluation.statistics.proportions import wilson
from train.evaluation.statistics.values import Interval
from train.reproduction.films import ALL_SIDEWAYS
from train.reproduction.table1 import Measured, Row1
from train.reproduction.table23 import AFTER, BEFORE, DRAWN, Row23

PAPER_1 = {"U-Net": 0.834, "+ median filter": 0.847, "+ rotation": 0.913}
PAPER_FILMS = 128
"""Test films of the paper, inferred from its figures: 99, 102 and 109 of 128 are its Table 3."""
PAPER_RIGHT = {DRAWN: (108, 107, 108), BEFORE: None, AFTER: (99, 102, 109)}
"""Right of 128 for B0, B3 and B5; Table 2 printed 0.843, 0.836 and 0.843."""
PAPER_ENCODERS = ("b0", "b3", "b5")
_SEGMENTATION = (
    "miou_fg_image",
    "miou_2class_image",
    "iou_fg_pooled",
    "iou_median",
    "iou_5th_percentile",
    "dice_mean",
    "dice_median",
    "dice_5th_percentile",
    "below_half",
)
_SHOWN = {
    "miou_fg_image": "mIoU lungs",
    "miou_2class_image": "mIoU lungs and background",
    "iou_fg_pooled": "IoU pooled",
    "iou_5th_percentile": "IoU 5th percentile",
    "dice_mean": "Dice",
    "below_half": "IoU < 0.5",
}
_JUDGED = ("accuracy", "auroc", "sensitivity", "specificity", "ppv", "npv")


def table1(rows: Sequence[Row1]) -> str:
    """Write Table 1 in Markdown: a part for each group and set of films."""
    parts = []
    for group, films in dict.fromkeys((row.group, row.films) for row in rows):
        chosen = [row for row in rows if (row.group, row.films) == (group, films)]
        lines = [_line(["", "paper", *_SHOWN.values(), "HD95"]), _line(["---"] * (len(_SHOWN) + 3))]
        for row in chosen:
            comparable = group == "validation" and films != ALL_SIDEWAYS and row.variant in PAPER_1
            paper = f"{PAPER_1[row.variant]:.3f}" if comparable else "-"
            cells = [_figure(getattr(row.figures, name)) for name in _SHOWN]
            lines.append(_line([row.variant, paper, *cells, _distance(row.figures)]))
        parts.append(f"**{group} films, {films}** (n = {chosen[0].figures.films})\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def table23(table: int, rows: Sequence[Row23]) -> str:
    """Write Table 2 or 3 in Markdown."""
    heads = ["classifier", "lungs", "paper (128 films)", "right", *_JUDGED]
    lines = [_line(heads), _line(["---"] * len(heads))]
    encoders = list(dict.fromkeys(row.encoder for row in rows))
    for row in (row for row in rows if row.table == table):
        cells = [_figure(row.figures[name]) for name in _JUDGED]
        paper = paper_accuracy(row, encoders)
        lines.append(_line([row.encoder, row.lungs, paper, f"{row.right}/{row.films}", *cells]))
    return "\n".join(lines)


def paper_accuracy(row: Row23, encoders: Sequence[str]) -> str:
    """Give the paper's accuracy with its interval: of the same encoder, or the one in its place of three."""
    known = PAPER_RIGHT[row.lungs]
    short = row.encoder.removeprefix("tf_efficientnet_")
    if known is None:
        return "-"
    if short in PAPER_ENCODERS:
        place = PAPER_ENCODERS.index(short)
    elif len(encoders) == len(PAPER_ENCODERS):
        place = list(encoders).index(row.encoder)
    else:
        return "-"
    interval = wilson(known[place], PAPER_FILMS)
    return f"{PAPER_ENCODERS[place].upper()}: {_figure(interval)}"


def write_csv(path: Path, ones: Sequence[Row1], others: Sequence[Row23]) -> None:
    """Write every figure of every table, one a line."""
    lines: list[dict[str, object]] = []
    for row in ones:
        where = {
            "table": 1,
            "group": row.group,
            "films": row.films,
            "row": row.variant,
            "n": row.figures.films,
        }
        paper = {"miou_fg_image": PAPER_1.get(row.variant, "")} if row.group == "validation" else {}
        figures = {name: getattr(row.figures, name) for name in _SEGMENTATION} | row.figures.distances
        lines.extend(where | _cells(name, figure, paper.get(name, "")) for name, figure in figures.items())
    encoders = list(dict.fromkeys(row.encoder for row in others))
    for judged in others:
        where = {"table": judged.table, "group": "test", "films": judged.lungs, "row": judged.encoder}
        where["n"] = judged.films
        accuracy = {"accuracy": paper_accuracy(judged, encoders)}
        lines.extend(where | _cells(name, judged.figures[name], accuracy.get(name, "")) for name in _JUDGED)
    replace_text(path, _csv(lines))


def write_films(path: Path, measured: Sequence[Measured]) -> None:
    """Write one line for each film under each variant of Table 1."""
    replace_text(path, _csv([one.cells() for one in measured]))


def _cells(figure: str, interval: Interval, paper: object) -> dict[str, object]:
    values = (interval.value, interval.low, interval.high)
    rounded = ["" if math.isnan(value) else round(value, 5) for value in values]
    return {"figure": figure, **dict(zip(("value", "low", "high"), rounded, strict=True)), "paper": paper}


def _csv(lines: Sequence[dict[str, object]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(interval: Interval) -> str:
    if math.isnan(interval.value):
        return "-"
    return f"{interval.value:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def _distance(figures: SegmentationFigures) -> str:
    for unit in ("mm", "px"):
        known = figures.distances.get(f"hd95_{unit}_mean")
        if known is not None and not math.isnan(known.value):
            return f"{known.value:.1f} {unit} ({known.low:.1f} to {known.high:.1f})"
    return "-"
