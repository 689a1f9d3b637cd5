"""Invented analyses of invented films, one for every outcome, without running any network.

>>> analysis = make_analysis(Outcome.PRESENT, make_film(rows=41, columns=37))
>>> objects = make_result_objects(analysis, ORIGIN)
"""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from pipeline.values import (
    Analysis,
    BundleIdentity,
    Finding,
    LungMask,
    ModelIdentity,
    Orientation,
    Origin,
    Outcome,
    PixelSpacing,
    Radiograph,
    Reason,
    RuleVerdict,
    Verdict,
)
from tests.support.films import draw_chest, lung_ellipses, make_film, part10_bytes

ORIGIN = Origin(
    device_uid="2.25.4711",
    station_name="NEOLUNG-TEST",
    made_at=datetime(2024, 3, 1, 23, 30, 15, 250000, tzinfo=UTC),
)
BUNDLE = BundleIdentity(
    name="invented",
    version="1.2.0",
    digest="b" * 64,
    manufacturer="neolung project",
    segmenter=ModelIdentity("invented-lungs", "1.1.0", "2.25.1001", "1" * 64, ("threshold=0.5",)),
    classifier=ModelIdentity("invented-rds", "1.0.3", "2.25.1002", "2" * 64, ("calibration=temperature",)),
    disclaimer="RESEARCH USE ONLY. Trained on simulated films, not validated on newborns.",
)
SPACING = PixelSpacing(0.1, 0.2, "imager")
PASSED = (
    RuleVerdict("modality", Verdict.YES, "CR in a Computed Radiography object."),
    RuleVerdict("age", Verdict.YES, "1 day; at most 28 days are allowed."),
    RuleVerdict("view", Verdict.UNKNOWN, "View Position is absent."),
)
REASONS = {
    Outcome.NOT_ELIGIBLE: (Reason.OTHER, "the patient is 4500 days old, at most 28 days are allowed"),
    Outcome.NOT_ASSESSABLE: (Reason.UNDER_EXPOSED, "the picture has almost no contrast"),
    Outcome.FAILED: (Reason.SOFTWARE_FAILURE, "the analysis ran out of memory"),
}


def received(film: Dataset) -> Dataset:
    """Write a film and read it back, as it comes over the network: no value is converted yet."""
    return dcmread(BytesIO(part10_bytes(film)))


def make_lung_mask(pixels: NDArray[np.bool_], *, sides: bool = True) -> LungMask:
    """Make a mask whose right lung is the left half of the grid."""
    labels = None
    if sides:
        labels = pixels.astype(np.uint8)
        labels[:, pixels.shape[1] // 2 :] *= 2
    area = int(pixels.sum())
    return LungMask(pixels, labels, 0.9, area, area / pixels.size, None)


def make_radiograph(film: Dataset, *, spacing: PixelSpacing | None = SPACING, **values: Any) -> Radiograph:
    """Make the decoded picture of a film from `make_film`, without decoding it."""
    pixels = draw_chest(film.Rows, film.Columns).astype(np.float32)
    values = {"outside": None, "orientation": Orientation(known=True), "parameters": ("voi=window",)} | values
    return Radiograph(pixels=pixels, spacing=spacing, header=film[:0x7FE00000], **values)


def make_analysis(outcome: Outcome = Outcome.PRESENT, film: Dataset | None = None, **values: Any) -> Analysis:
    """Make an analysis as the cascade would return it; any field by name replaces the invented one."""
    film = make_film(rows=64, columns=52) if film is None else film
    fields: dict[str, Any] = {"verdicts": PASSED}
    if outcome in REASONS:
        fields["reason"], fields["explanation"] = REASONS[outcome]
    if outcome not in (Outcome.NOT_ELIGIBLE, Outcome.FAILED):
        fields["radiograph"] = make_radiograph(film)
        fields["lung_mask"] = make_lung_mask(lung_ellipses(film.Rows, film.Columns))
    if outcome in (Outcome.PRESENT, Outcome.ABSENT):
        fields["finding"] = Finding(0.87312 if outcome is Outcome.PRESENT else 0.0421, 0.5)
    return Analysis(film[:0x7FE00000], outcome, BUNDLE, **fields | values)
