from typing import Any

import pytest
from pydicom import Dataset

from pipeline.pixels.spacing import read_pixel_aspect, read_spacing
from pipeline.values import PixelSpacing


def header_with(**attributes: Any) -> Dataset:
    header = Dataset()
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    return header


@pytest.mark.parametrize("calibration", ["FIDUCIAL", "GEOMETRY"])
def test_a_calibrated_pixel_spacing_comes_first(calibration: str) -> None:
    header = header_with(
        PixelSpacing=[0.08, 0.09], PixelSpacingCalibrationType=calibration, ImagerPixelSpacing=[0.1, 0.1]
    )

    assert read_spacing(header) == PixelSpacing(0.08, 0.09, calibration.lower())


def test_an_uncalibrated_pixel_spacing_is_a_copy_of_the_detectors() -> None:
    header = header_with(PixelSpacing=[0.08, 0.08], ImagerPixelSpacing=[0.1, 0.1])

    assert read_spacing(header) == PixelSpacing(0.1, 0.1, "imager")
    assert read_spacing(header_with(PixelSpacing=[0.08, 0.08])) is None


def test_the_magnification_brings_the_detectors_spacing_into_the_patient() -> None:
    header = header_with(ImagerPixelSpacing=[0.11, 0.22], EstimatedRadiographicMagnificationFactor=1.1)

    spacing = read_spacing(header)

    assert spacing is not None
    assert (spacing.row_mm, spacing.column_mm) == pytest.approx((0.1, 0.2))
    assert spacing.source == "imager/magnification"


@pytest.mark.parametrize("magnification", [0, 0.5, 100, ""])
def test_an_impossible_magnification_is_left_out(magnification: object) -> None:
    header = header_with(
        ImagerPixelSpacing=[0.1, 0.1], EstimatedRadiographicMagnificationFactor=magnification
    )

    assert read_spacing(header) == PixelSpacing(0.1, 0.1, "imager")


@pytest.mark.parametrize("stale", [[0, 0], [0.1, 0], [-0.1, 0.1], [0.1], [1000, 1000], None])
def test_zeros_and_other_stale_spacings_are_unknown(stale: object) -> None:
    assert read_spacing(header_with(ImagerPixelSpacing=stale)) is None


def test_stale_calibrated_spacing_falls_back_to_the_detectors() -> None:
    header = header_with(
        PixelSpacing=[0, 0], PixelSpacingCalibrationType="GEOMETRY", ImagerPixelSpacing=[0.1, 0.1]
    )

    assert read_spacing(header) == PixelSpacing(0.1, 0.1, "imager")


@pytest.mark.parametrize(
    ("attributes", "aspect"),
    [
        ({}, 1.0),
        ({"PixelSpacing": [0.2, 0.1]}, 2.0),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, 0.5),
        ({"PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelSpacing": [0, 0], "PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelAspectRatio": [0, 3]}, 1.0),
        ({"PixelAspectRatio": [1000, 1]}, 1.0),
    ],
)
def test_the_shape_of_a_pixel_is_known_from_any_spacing_or_the_ratio(
    attributes: dict[str, object], aspect: float
) -> None:
    assert read_pixel_aspect(header_with(**attributes)) == pytest.approx(aspect)
