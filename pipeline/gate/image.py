"""Judge what the segmenter found: whether these are the lungs of a newborn, and can be seen."""

import numpy as np
from numpy.typing import NDArray

from pipeline.gate.settings import GateSettings
from pipeline.gate.verdicts import bounded, decide, no, unknown, yes
from pipeline.pixels.orientation import to_upright
from pipeline.values import GateDecision, LungMask, Radiograph, Reason, RuleVerdict

_GRID = 512
"""Shapes are judged on every n-th pixel, so that the longer side has about as many."""
_SMALLEST_REGION = 0.1
_RIGHT, _LEFT = 1, 2
_NARROW = 0.75
"""A region of less width than this part of its height is one lung, not two that touch."""


def judge_image(radiograph: Radiograph, lung_mask: LungMask, settings: GateSettings) -> GateDecision:
    """Decide whether the lungs are plausible.

    Parameters
    ----------
    radiograph, lung_mask
        On the same grid.

    Returns
    -------
    GateDecision
        Each rule with its value and its bound. An empty mask is judged by that alone.
    """
    verdicts = [_judge_contrast(radiograph, settings)]
    if not lung_mask.pixels.any():
        return decide([*verdicts, no("lungs found", "no lung was found on the film")])
    verdicts += [
        _judge_fraction(radiograph, lung_mask, settings),
        _judge_area(lung_mask, settings),
        _judge_confidence(lung_mask, settings),
        *_judge_shape(radiograph, lung_mask, settings),
        _judge_hidden(lung_mask, settings),
        _judge_exposure(radiograph, lung_mask, settings),
    ]
    return decide(verdicts)


def _step(shape: tuple[int, ...]) -> int:
    return max(1, round(max(shape) / _GRID))


def _judge_contrast(radiograph: Radiograph, settings: GateSettings) -> RuleVerdict:
    step = _step(radiograph.shape)
    field = radiograph.pixels[::step, ::step]
    if radiograph.outside is not None:
        field = field[~radiograph.outside[::step, ::step]]
    contrast = float(field.std()) if field.size else 0.0
    return bounded("contrast", contrast, (settings.min_contrast, 1), unit="", reason=Reason.NO_IMAGE)


def _judge_fraction(radiograph: Radiograph, lung_mask: LungMask, settings: GateSettings) -> RuleVerdict:
    field = lung_mask.pixels.size
    if radiograph.outside is not None:
        field -= int(np.count_nonzero(radiograph.outside))
    percent = 100 * lung_mask.area_pixels / max(field, 1)
    bounds = 100 * settings.min_lung_fraction, 100 * settings.max_lung_fraction
    return bounded("lung fraction", percent, bounds, unit=" % of the field", reason=Reason.OTHER)


def _judge_area(lung_mask: LungMask, settings: GateSettings) -> RuleVerdict:
    if lung_mask.area_mm2 is None:
        return unknown("lung area", "the pixel spacing is not known")
    bounds = settings.min_lung_mm2, settings.max_lung_mm2
    return bounded("lung area", lung_mask.area_mm2, bounds, unit=" mm2", reason=Reason.OTHER)


def _judge_confidence(lung_mask: LungMask, settings: GateSettings) -> RuleVerdict:
    bounds = settings.min_confidence, 1.0
    return bounded("confidence", min(lung_mask.confidence, 1.0), bounds, unit="", reason=Reason.OTHER)


def _judge_shape(radiograph: Radiograph, lung_mask: LungMask, settings: GateSettings) -> list[RuleVerdict]:
    step = _step(lung_mask.pixels.shape)
    mask = lung_mask.pixels[::step, ::step]
    regions = _regions(mask)
    bounds = 1, settings.max_lung_regions
    return [
        bounded("lung regions", len(regions), bounds, unit=" regions", reason=Reason.OTHER),
        _judge_sides(radiograph, lung_mask, regions, settings),
        _judge_border(mask, settings),
    ]


def _regions(mask: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return the connected regions, without the tiny ones."""
    from scipy import ndimage

    labels, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(labels.ravel())[1:]
    return [labels == 1 + kept for kept in np.flatnonzero(areas >= _SMALLEST_REGION * areas.max())]


def _is_narrow(region: NDArray[np.bool_], radiograph: Radiograph) -> bool:
    turns = radiograph.orientation.quarter_turns
    aspect = radiograph.pixel_aspect if turns % 2 == 0 else 1 / radiograph.pixel_aspect
    upright = to_upright(region, radiograph.orientation)
    height, width = (np.ptp(np.flatnonzero(upright.any(axis=axis))) + 1 for axis in (1, 0))
    return bool(width < _NARROW * height * aspect)


def _judge_sides(
    radiograph: Radiograph,
    lung_mask: LungMask,
    regions: list[NDArray[np.bool_]],
    settings: GateSettings,
) -> RuleVerdict:
    if lung_mask.labels is not None:
        sides = [int(np.count_nonzero(lung_mask.labels == side)) for side in (_RIGHT, _LEFT)]
    elif len(regions) == 2:
        sides = [int(np.count_nonzero(region)) for region in regions]
    elif len(regions) == 1 and _is_narrow(regions[0], radiograph):
        return no("side ratio", "one region, higher than wide: only one lung was found", Reason.POSITIONING)
    else:
        return unknown("side ratio", "the lungs could not be told apart")
    if min(sides) == 0:
        return no("side ratio", "only one lung was found", Reason.POSITIONING)
    ratio = max(sides) / min(sides)
    return bounded("side ratio", ratio, (1, settings.max_side_ratio), unit="", reason=Reason.POSITIONING)


def _judge_border(mask: NDArray[np.bool_], settings: GateSettings) -> RuleVerdict:
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    outline = mask & ~inner
    on_edge = sum(int(edge.sum()) for edge in (outline[0], outline[-1], outline[1:-1, 0], outline[1:-1, -1]))
    percent = 100 * on_edge / max(int(outline.sum()), 1)
    bounds = 0, 100 * settings.max_border_share
    return bounded("at the border", percent, bounds, unit=" % of the outline", reason=Reason.POSITIONING)


def _judge_hidden(lung_mask: LungMask, settings: GateSettings) -> RuleVerdict:
    if lung_mask.hidden_pixels == 0:
        return yes("hidden", "nothing of the lungs is hidden")
    percent = 100 * lung_mask.hidden_pixels / (lung_mask.area_pixels + lung_mask.hidden_pixels)
    bounds = 0, 100 * settings.max_hidden_share
    return bounded("hidden", percent, bounds, unit=" % of the lungs", reason=Reason.OTHER_ARTIFACT)


def _judge_exposure(radiograph: Radiograph, lung_mask: LungMask, settings: GateSettings) -> RuleVerdict:
    step = _step(radiograph.shape)
    greys = radiograph.pixels[::step, ::step][lung_mask.pixels[::step, ::step]]
    shares = [100 * float(np.mean(greys == end)) if greys.size else 0.0 for end in (0, 1)]
    reason = Reason.OVER_EXPOSED if shares[0] > shares[1] else Reason.UNDER_EXPOSED
    bounds = 0, 100 * settings.max_saturated_share
    return bounded("saturated", max(shares), bounds, unit=" % of the lungs", reason=reason)
