"""From lung probabilities on the network's grid to a mask: the paper's way and the recommended one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle.manifest import PostProcessing

Mask = NDArray[np.bool_]
Probability = NDArray[np.float32]
Centre = tuple[float, float]
_BALANCE = 0.25
"""The smaller lung is at least this part of the larger one in a plausible mask."""
_APART = 0.5
"""Lungs lie side by side when their centres differ more across than this part of what they do along."""


def canonical_area(mask: Mask, settings: PostProcessing) -> int:
    """Count lung pixels after nearest resampling to the paper's counting grid."""
    side = settings.canonical_size
    rows, columns = ((np.arange(side) + 0.5) * length / side for length in mask.shape)
    return int(np.count_nonzero(mask[np.ix_(rows.astype(int), columns.astype(int))]))


def paper_needs_rotations(probability: Probability, settings: PostProcessing) -> bool:
    """Whether the plain prediction is so small that the paper's method segments turned copies."""
    return canonical_area(probability >= settings.threshold, settings) <= settings.rotation_area


def average_rotations(plus: Probability, minus: Probability) -> Probability:
    """Mean of the predictions for the film turned by +90 and by -90 degrees, each turned back here.

    The original prediction takes no part, as it is the one that failed.
    """
    return 0.5 * (np.rot90(plus, -1) + np.rot90(minus, 1))


def paper_mask(probability: Probability, settings: PostProcessing) -> Mask:
    """Threshold, then one median filter with a square kernel; the film's edge is repeated."""
    return _median(probability >= settings.threshold, settings)


def recommended_mask(probability: Probability, settings: PostProcessing) -> Mask:
    """Threshold, fill holes, keep the lungs, median filter last."""
    from scipy.ndimage import binary_fill_holes

    filled = binary_fill_holes(probability >= settings.threshold)
    return _median(keep_largest(filled, settings), settings)


def keep_largest(mask: Mask, settings: PostProcessing) -> Mask:
    """Keep the largest components, each at least a fraction of the largest."""
    from scipy.ndimage import label

    labels, count = label(mask)
    if count == 0:
        return mask
    areas = np.bincount(labels.reshape(-1))[1:]
    order = np.argsort(-areas, kind="stable")[: settings.components]
    kept = [index + 1 for index in order if areas[index] >= settings.smallest_component * areas.max()]
    return np.isin(labels, kept)


def enforce(probability: Probability, mask: Mask, settings: PostProcessing) -> Probability:
    """Lift or lower probabilities just as far as the mask demands, so its outline stays smooth."""
    just_below = np.nextafter(np.float32(settings.threshold), np.float32(0))
    lifted = np.maximum(probability, np.float32(settings.threshold))
    return np.where(mask, lifted, np.minimum(probability, just_below)).astype(np.float32)


def plausibility(mask: Mask, settings: PostProcessing, film_fraction: float = 1.0) -> float:
    """How much a mask looks like two lungs.

    Parameters
    ----------
    film_fraction
        Part of the square that the film fills; the area is judged relative to it.

    Returns
    -------
    float
        1.0 for two balanced components of sufficient area side by side, less for fewer or small ones or when
        one lies above the other, 0.0 for none.
    """
    from scipy.ndimage import center_of_mass, label

    labels, count = label(mask)
    if count == 0:
        return 0.0
    areas = np.bincount(labels.reshape(-1))[1:]
    larger, smaller = np.argsort(-areas, kind="stable")[[0, min(1, count - 1)]]
    least = settings.least_ratio * settings.expected_fraction * film_fraction * mask.size
    size = min(1.0, float(areas[larger] + (areas[smaller] if count > 1 else 0)) / max(least, 1.0))
    balance = 0.0
    if count > 1 and lie_side_by_side(*center_of_mass(mask, labels, [larger + 1, smaller + 1])):
        balance = min(1.0, float(areas[smaller] / areas[larger]) / _BALANCE)
    return size * (0.5 + 0.5 * balance)


def lie_side_by_side(one: Centre, other: Centre) -> bool:
    """Whether two regions with these centres, (row, column), are arranged as the lungs of an upright film."""
    return abs(one[1] - other[1]) > _APART * abs(one[0] - other[0])


def confidence_inside(probability: Probability, mask: Mask) -> float:
    """Mean probability inside the mask; 0.0 for an empty one."""
    return float(probability[mask].mean()) if mask.any() else 0.0


def _median(mask: Mask, settings: PostProcessing) -> Mask:
    """Median of a binary mask is a majority vote, so a box mean does it."""
    from scipy.ndimage import uniform_filter

    if settings.median_size <= 1:
        return mask
    share = uniform_filter(mask.astype(np.float32), settings.median_size, mode="nearest")
    return np.asarray(share > 0.5)
