"""Plots of the report, as SVG that looks the same on every machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from train.evaluation.calibration import CalibrationFigures
from train.evaluation.classification import ClassificationFigures
from train.evaluation.results import FilmResult
from train.evaluation.selective import SelectiveFigures
from train.evaluation.statistics.ranking import roc_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#1f5fa8", "#c8590b", "#8a8a8a"
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "legend.frameon": True,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "white",
    "svg.hashsalt": "neolung",
    "svg.fonttype": "path",
}


def roc_plot(truth: Sequence[bool], probabilities: Sequence[float], figures: ClassificationFigures) -> str:
    """Plot the ROC curve with the frozen operating points on it."""

    def draw(axes: Axes) -> None:
        area = figures.auroc
        _square(axes, "1 - specificity", "sensitivity")
        axes.step(*roc_curve(truth, probabilities), where="post", color=BLUE, linewidth=2)
        for point, marker in zip(figures.points, "os^v", strict=False):
            shares = point.proportions
            at = 1 - shares["specificity"].value, shares["sensitivity"].value
            axes.plot(*at, marker, color=ORANGE, markersize=7, label=point.point.name, linestyle="none")
        axes.set_title(f"AUROC {area.value:.3f} ({area.low:.3f} to {area.high:.3f})", fontsize=10)
        axes.legend(loc="lower right")

    return _svg((4.6, 4.6), draw)


def reliability_plot(before: CalibrationFigures, after: CalibrationFigures | None) -> str:
    """Plot what was said against how often it was so, as shipped and after another temperature."""

    def draw(axes: Axes) -> None:
        _square(axes, "mean probability of the bin", "part with the finding")
        _draw_reliability(axes, before, BLUE, "o", "as shipped")
        if after is not None:
            _draw_reliability(axes, after, ORANGE, "s", "temperature of validation")
        axes.legend(loc="upper left", fontsize=9)

    return _svg((4.6, 4.6), draw)


def risk_plot(figures: SelectiveFigures) -> str:
    """Plot the error among the surest films as more are judged, and where the node stands."""

    def draw(axes: Axes) -> None:
        curve, node = figures.curve, figures.error_of_judged
        axes.step(curve.coverage, curve.risk, where="pre", color=BLUE, linewidth=2, label="surest first")
        highest = max(curve.risk)
        if np.isfinite(node.value):
            reach = [[node.value - node.low], [node.high - node.value]]
            at = figures.judged.value, node.value
            axes.errorbar(*at, reach, fmt="o", color=ORANGE, capsize=3, label="the node (95 %)")
            highest = max(highest, node.high)
        axes.set_xlabel("part of the films judged")
        axes.set_ylabel("error among them")
        axes.set_xlim(0, 1.02)
        axes.set_ylim(0, max(0.05, 1.25 * highest))
        axes.legend(loc="upper left")

    return _svg((4.6, 3.4), draw)


def iou_plot(groups: dict[str, Sequence[FilmResult]]) -> str:
    """Plot box and points of the films' IoU, one row a group that has any."""
    named = {name: ious for name, results in groups.items() if (ious := _ious(results))}
    names = list(named)[::-1]

    def draw(axes: Axes) -> None:
        rng = np.random.default_rng(0)
        for row, name in enumerate(names):
            values = np.array(named[name])
            axes.plot(values, row + rng.uniform(-0.16, 0.16, len(values)), ".", color=BLUE, alpha=0.35)
        axes.boxplot(
            [named[name] for name in names],
            positions=range(len(names)),
            orientation="horizontal",
            widths=0.5,
            showfliers=False,
            medianprops={"color": ORANGE, "linewidth": 2},
        )
        axes.set_yticks(range(len(names)), [f"{name}\nn = {len(named[name])}" for name in names])
        axes.set_xlabel("IoU of the lungs")
        axes.set_xlim(max(0.0, min(min(values) for values in named.values()) - 0.05), 1.0)

    return _svg((6.4, 1.1 + 0.7 * len(named)), draw)


def score_plot(truth: Sequence[bool], probabilities: Sequence[float], threshold: float) -> str:
    """Plot how many films of each class got which probability."""

    def draw(axes: Axes) -> None:
        values, flags, edges = (
            np.asarray(probabilities),
            np.asarray(truth, bool),
            np.linspace(0, 1, 21).tolist(),
        )
        axes.hist(values[~flags], edges, color=BLUE, alpha=0.6, label="without the finding")
        axes.hist(values[flags], edges, color=ORANGE, alpha=0.6, label="with the finding")
        axes.axvline(threshold, color="black", linewidth=1, linestyle="--", label="threshold as shipped")
        axes.set_xlabel("probability")
        axes.set_ylabel("films")
        axes.set_xlim(0, 1)
        axes.legend(loc="upper center", fontsize=9)

    return _svg((4.6, 3.4), draw)


def _svg(size: tuple[float, float], draw: Callable[[Axes], None]) -> str:
    """Draw one pair of axes; the same drawing gives the same text."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    stream = BytesIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot())
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue().decode()
    return text[text.index("<svg") :]


def _square(axes: Axes, below: str, beside: str) -> None:
    """Make a unit square with its diagonal."""
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    axes.set_xlabel(below)
    axes.set_ylabel(beside)
    axes.set_aspect("equal")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)


def _draw_reliability(axes: Axes, figures: CalibrationFigures, colour: str, marker: str, name: str) -> None:
    points = figures.reliability
    said = [point.mean_probability for point in points]
    seen = np.array([point.frequency.value for point in points])
    down = seen - [point.frequency.low for point in points]
    up = [point.frequency.high for point in points] - seen
    label = f"{name}: ECE {figures.ece.value:.3f}"
    reach = np.maximum([down, up], 0)
    axes.errorbar(said, seen, reach, fmt=f"{marker}-", color=colour, capsize=2, linewidth=1.2, label=label)


def _ious(results: Sequence[FilmResult]) -> list[float]:
    return [one.overlap.iou for one in results if one.overlap is not None]
