"""How well a found lung mask agrees with the outline drawn by a person, on the film's own grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_TOLERANCE_MM = 2.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """Agreement of two masks of one film; an empty prediction of lungs that are there scores 0.

    Attributes
    ----------
    iou, background_iou, dice
        In [0, 1].
    hd95_px, assd_px
        95th percentile Hausdorff distance (the larger of both directions) and average symmetric surface
        distance, in widths of a pixel; the film's diagonal where only one mask is empty.
    hd95_mm, assd_mm, surface_dice_2mm
        NaN when the pixel spacing is not known. The last is the part of both outlines that lies within 2 mm
        of the other one.
    true_positive, false_positive, false_negative
        Pixels, for pooled figures.
    """

    iou: float
    background_iou: float
    dice: float
    hd95_px: float
    assd_px: float
    hd95_mm: float
    assd_mm: float
    surface_dice_2mm: float
    true_positive: int
    false_positive: int
    false_negative: int


def overlap(
    found: Mask, truth: Mask, counted: Mask | None = None, spacing_mm: tuple[float, float] | None = None
) -> Overlap:
    """Measure two masks against each other.

    Parameters
    ----------
    found, truth
        (rows, columns).
    counted
        Where the outline says anything; everywhere when None. Outside it the masks count as equal.
    spacing_mm
        Between rows and between columns; None when unknown, then pixels are taken for squares.

    Notes
    -----
    Definitions as recommended by Metrics Reloaded, Nature Methods 2024;21:195. Outlines are the pixels of a
    mask with one of four neighbours outside it, distances between pixel centres.
    """
    inside = np.ones(truth.shape, np.bool_) if counted is None else counted
    agreed = np.where(inside, truth, found)
    hit = int(np.count_nonzero(found & truth & inside))
    extra = int(np.count_nonzero(found & ~truth & inside))
    missed = int(np.count_nonzero(~found & truth & inside))
    neither = int(np.count_nonzero(inside)) - hit - extra - missed
    surfaces = _surface_figures(found, agreed, spacing_mm)
    return Overlap(
        iou=_ratio(hit, hit + extra + missed),
        background_iou=_ratio(neither, neither + extra + missed),
        dice=_ratio(2 * hit, 2 * hit + extra + missed),
        hd95_px=surfaces.hd95,
        assd_px=surfaces.assd,
        hd95_mm=surfaces.hd95 * surfaces.width_mm,
        assd_mm=surfaces.assd * surfaces.width_mm,
        surface_dice_2mm=surfaces.dice,
        true_positive=hit,
        false_positive=extra,
        false_negative=missed,
    )


def intersection_over_union(found: Mask, truth: Mask, counted: Mask | None = None) -> float:
    """Foreground overlap over the counted pixels alone; 1.0 when both are empty, 0.0 when only one is."""
    inside = np.ones(truth.shape, np.bool_) if counted is None else counted
    union = int(np.count_nonzero((found | truth) & inside))
    return _ratio(int(np.count_nonzero(found & truth & inside)), union)


@dataclass(frozen=True, slots=True)
class _Surfaces:
    """Distances in widths of a pixel, and how wide that is (NaN when unknown)."""

    hd95: float
    assd: float
    dice: float
    width_mm: float


def _surface_figures(found: Mask, truth: Mask, spacing_mm: tuple[float, float] | None) -> _Surfaces:
    aspect, width = (1.0, math.nan) if spacing_mm is None else (spacing_mm[0] / spacing_mm[1], spacing_mm[1])
    if not found.any() and not truth.any():
        return _Surfaces(0.0, 0.0, math.nan if spacing_mm is None else 1.0, width)
    if not found.any() or not truth.any():
        diagonal = math.hypot(truth.shape[0] * aspect, truth.shape[1])
        return _Surfaces(diagonal, diagonal, math.nan if spacing_mm is None else 0.0, width)
    there, back = _surface_distances(found, truth, aspect)
    both = np.concatenate([there, back])
    near = math.nan if spacing_mm is None else float(np.mean(both * width <= _TOLERANCE_MM))
    hd95 = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    return _Surfaces(hd95, float(both.mean()), near, width)


def _surface_distances(
    found: Mask, truth: Mask, aspect: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each outline pixel of one mask to the other's outline, both ways."""
    from scipy.ndimage import distance_transform_edt

    window = _bounding_box(found | truth)
    one, other = _outline(found[window]), _outline(truth[window])
    to_other = distance_transform_edt(~other, sampling=(aspect, 1.0))
    to_one = distance_transform_edt(~one, sampling=(aspect, 1.0))
    return to_other[one], to_one[other]


def _outline(mask: Mask) -> Mask:
    """Keep the pixels with a neighbour outside the mask; beyond the picture is outside."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.asarray(mask & ~inner)


def _bounding_box(mask: Mask) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
