"""The lungs' outlines."""

from __future__ import annotations

from collections.abc import Sequence

from train.evaluation.chapters.whom import film_word
from train.evaluation.document import NOTHING, Plot, Section, Table, interval, percent
from train.evaluation.evaluation import Evaluation
from train.evaluation.segmentation import SegmentationFigures
from train.evaluation.statistics.values import Interval

_OVERLAPS = {
    "mean IoU of the lungs, film by film (primary)": "miou_fg_image",
    "mean of lung and background IoU, film by film": "miou_2class_image",
    "IoU of all films' pixels pooled": "iou_fg_pooled",
    "median IoU": "iou_median",
    "5th percentile of IoU": "iou_5th_percentile",
    "mean Dice": "dice_mean",
    "median Dice": "dice_median",
    "5th percentile of Dice": "dice_5th_percentile",
}
_DISTANCES = {
    "HD95, mean, mm": "hd95_mm_mean",
    "HD95, median, mm": "hd95_mm_median",
    "ASSD, mean, mm": "assd_mm_mean",
    "ASSD, median, mm": "assd_mm_median",
    "outline within 2 mm (surface Dice), mean": "surface_dice_2mm_mean",
    "HD95, mean, pixels": "hd95_px_mean",
    "HD95, median, pixels": "hd95_px_median",
    "ASSD, mean, pixels": "assd_px_mean",
    "ASSD, median, pixels": "assd_px_median",
}


def lungs_section(evaluation: Evaluation, plots: Sequence[Plot]) -> Section | None:
    """Give every figure of the outlines; None when no film was outlined."""
    lungs, sideways = evaluation.lungs, evaluation.lungs_sideways
    if lungs is None:
        return None
    columns = [lungs] if sideways is None else [lungs, sideways]
    headers = ["", f"as stored, {lungs.films} films", "turned by a quarter, as a test"][: 1 + len(columns)]
    rows = [[title, *(interval(getattr(one, name)) for one in columns)] for title, name in _OVERLAPS.items()]
    rows.append(["films with an IoU below 0.5", *(percent(one.below_half) for one in columns)])
    rows += _distance_rows(columns)
    text = [
        "Measured on the films' own grids, after the mask was brought back from the network's. A film on "
        "which nothing was found counts with 0 and is as far off as the film is wide. HD95 is the larger "
        "95th percentile of both directions, ASSD the average distance of both outlines."
    ]
    return Section(f"Lungs{film_word(evaluation.tested)}", text, (Table(headers, rows),), plots)


def _distance_rows(columns: Sequence[SegmentationFigures]) -> list[list[str]]:
    rows = []
    for title, name in _DISTANCES.items():
        cells = [_distance(one.distances.get(name)) for one in columns]
        if set(cells) != {NOTHING}:
            rows.append([title, *cells])
    return rows


def _distance(one: Interval | None) -> str:
    return NOTHING if one is None else interval(one, 2 if one.value > 1 else 3)
