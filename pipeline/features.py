"""What is remembered of a film to watch drift by: equipment, exposure, grey values, lungs; no identity."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pipeline.attributes import number, text
from pipeline.values import Analysis, LungMask, Radiograph

Features = Mapping[str, float | str]
"""By name; what a film does not say is left out."""

_WORDS = (
    "Modality",
    "Manufacturer",
    "ManufacturerModelName",
    "ViewPosition",
    "PhotometricInterpretation",
    "PresentationIntentType",
)
_NUMBERS = (
    "KVP",
    "Exposure",
    "ExposureIndex",
    "DeviationIndex",
    "RelativeXRayExposure",
    "BitsStored",
    "WindowWidth",
)
_EVERY = 8
"""Rows and columns that are looked at."""


def film_features(analysis: Analysis) -> Features:
    """Describe a film as numbers and words.

    Returns
    -------
    mapping
        Words: equipment, view and encoding as the header has them, and the answer. Numbers: exposure as the
        header has it; ``grey`` features of the film on its scale in [0, 1], seen at every eighth row and
        column; ``lung`` features; the probability. All are finite.
    """
    header = analysis.header
    words = {keyword: value[:64] for keyword in _WORDS if (value := text(header, keyword))}
    numbers: dict[str, float | None] = {keyword: number(header, keyword) for keyword in _NUMBERS}
    if analysis.radiograph is not None:
        numbers |= _grey(analysis.radiograph)
        if analysis.lung_mask is not None and analysis.lung_mask.area_pixels:
            numbers |= _lungs(analysis.radiograph, analysis.lung_mask)
    if analysis.finding is not None:
        numbers["probability"] = analysis.finding.probability
    known = {
        name: round(float(value), 6)
        for name, value in numbers.items()
        if value is not None and math.isfinite(value)
    }
    return {**words, "outcome": str(analysis.outcome), **known}


def _grey(radiograph: Radiograph) -> dict[str, float]:
    seen = radiograph.pixels[::_EVERY, ::_EVERY]
    if radiograph.outside is not None:
        inside = seen[~radiograph.outside[::_EVERY, ::_EVERY]]
        seen = inside if inside.size else seen
    low, middle, high = np.percentile(seen, (5, 50, 95))
    rows = radiograph.pixels[::_EVERY]
    return {
        "grey mean": float(seen.mean()),
        "grey deviation": float(seen.std()),
        "grey 5th percentile": float(low),
        "grey median": float(middle),
        "grey 95th percentile": float(high),
        "grey step": float(np.abs(np.diff(rows, axis=1)).mean()) if rows.shape[1] > 1 else 0.0,
        "rows": float(radiograph.shape[0]),
        "columns": float(radiograph.shape[1]),
    }


def _lungs(radiograph: Radiograph, mask: LungMask) -> dict[str, float | None]:
    return {
        "lung fraction": mask.area_fraction,
        "lung mm2": mask.area_mm2,
        "lung confidence": mask.confidence,
        "lung grey mean": float(radiograph.pixels[mask.pixels].mean()),
    }
