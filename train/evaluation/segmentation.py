"""Figures of the lung outlines of many films."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from train.evaluation.overlap import Overlap
from train.evaluation.statistics.bootstrap import REPEATS, Rows, bootstrap_all
from train.evaluation.statistics.proportions import wilson
from train.evaluation.statistics.values import Interval


@dataclass(frozen=True, slots=True)
class SegmentationFigures:
    """Every usual reading of "mean IoU", and the rest; intervals by drawing patients again.

    Attributes
    ----------
    films, films_with_spacing
        Distances in millimetres are of the latter alone.
    miou_fg_image
        Mean over films of the lungs' IoU: the primary figure.
    miou_2class_image
        Mean over films of the mean of lung and background.
    iou_fg_pooled
        All films' pixels thrown together.
    below_half
        Part of films with an IoU under 0.5.
    distances
        Mean and median of HD95 and ASSD, the mean part of outlines within 2 mm; see `Overlap` for the units.
    """

    films: int
    films_with_spacing: int
    miou_fg_image: Interval
    miou_2class_image: Interval
    iou_fg_pooled: Interval
    iou_median: Interval
    iou_5th_percentile: Interval
    dice_mean: Interval
    dice_median: Interval
    dice_5th_percentile: Interval
    below_half: Interval
    distances: dict[str, Interval]


def segmentation_figures(
    overlaps: Sequence[Overlap], patients: Sequence[Hashable], repeats: int = REPEATS, seed: int = 0
) -> SegmentationFigures:
    """Summarise the films' overlaps; at least one film."""
    table = _columns(overlaps)
    named = bootstrap_all(lambda rows: _overlap_figures(table, rows), patients, repeats, seed)
    distances = bootstrap_all(lambda rows: _distance_figures(table, rows), patients, repeats, seed)
    return SegmentationFigures(
        films=len(overlaps),
        films_with_spacing=int(np.isfinite(table["surface_dice_2mm"]).sum()),
        below_half=wilson(int((table["iou"] < 0.5).sum()), len(overlaps)),
        distances={name: interval for name, interval in distances.items() if np.isfinite(interval.value)},
        **named,
    )


def _columns(overlaps: Sequence[Overlap]) -> dict[str, NDArray[np.float64]]:
    rows = [asdict(one) for one in overlaps]
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


def _overlap_figures(table: dict[str, NDArray[np.float64]], rows: Rows) -> dict[str, float]:
    iou, dice, background = (table[name][rows] for name in ("iou", "dice", "background_iou"))
    hit, extra, missed = (
        float(table[name][rows].sum()) for name in ("true_positive", "false_positive", "false_negative")
    )
    lowest_iou, middle_iou = np.percentile(iou, (5, 50))
    lowest_dice, middle_dice = np.percentile(dice, (5, 50))
    return {
        "miou_fg_image": float(iou.mean()),
        "miou_2class_image": float(0.5 * (iou + background).mean()),
        "iou_fg_pooled": hit / max(hit + extra + missed, 1.0),
        "iou_median": float(middle_iou),
        "iou_5th_percentile": float(lowest_iou),
        "dice_mean": float(dice.mean()),
        "dice_median": float(middle_dice),
        "dice_5th_percentile": float(lowest_dice),
    }


def _distance_figures(table: dict[str, NDArray[np.float64]], rows: Rows) -> dict[str, float]:
    figures = {}
    for name in ("hd95_mm", "assd_mm", "hd95_px", "assd_px"):
        known = _known(table[name][rows])
        figures[f"{name}_mean"], figures[f"{name}_median"] = float(known.mean()), float(np.median(known))
    figures["surface_dice_2mm_mean"] = float(_known(table["surface_dice_2mm"][rows]).mean())
    return figures


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out NaN; a lone NaN stands for nothing known, whose mean is NaN without a warning."""
    known = values[np.isfinite(values)]
    return known if known.size else np.array([np.nan])
