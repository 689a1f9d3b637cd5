"""Millimetres for a projection image, and the shape of its pixels."""

from pydicom import Dataset

from pipeline.attributes import number, numbers, text
from pipeline.values import PixelSpacing

_PLAUSIBLE_MM = (0.01, 5.0)
_PLAUSIBLE_MAGNIFICATION = (1.0, 3.0)
_PLAUSIBLE_ASPECT = (0.2, 5.0)


def read_spacing(header: Dataset) -> PixelSpacing | None:
    """Return the distance between pixel centres, in the patient where the header allows it.

    Returns
    -------
    PixelSpacing or None
        None when nothing usable is known; then no area in mm2 can be given.

    Notes
    -----
    Pixel Spacing (0028,0030) counts only with a Pixel Spacing Calibration Type (0028,0A02): else it may be a
    copy of the detector's (PS3.3 10.7.1.3). Next comes Imager Pixel Spacing (0018,1164), divided by the
    Estimated Radiographic Magnification Factor (0018,1114) if there is one, and last that spacing alone.
    Zeros and other impossible values, which stale headers hold, count as absent.
    """
    calibration = text(header, "PixelSpacingCalibrationType").lower()
    calibrated = _pair(header, "PixelSpacing")
    if calibrated and calibration in ("fiducial", "geometry"):
        return PixelSpacing(*calibrated, source=calibration)
    at_detector = _pair(header, "ImagerPixelSpacing")
    if at_detector is None:
        return None
    magnification = number(header, "EstimatedRadiographicMagnificationFactor")
    if magnification is not None and _within(magnification, _PLAUSIBLE_MAGNIFICATION):
        row_mm, column_mm = (distance / magnification for distance in at_detector)
        return PixelSpacing(row_mm, column_mm, source="imager/magnification")
    return PixelSpacing(*at_detector, source="imager")


def read_pixel_aspect(header: Dataset) -> float:
    """Return the height of a pixel over its width; 1.0 when nothing says otherwise.

    Notes
    -----
    Any spacing tells it, calibrated or not; then Pixel Aspect Ratio (0028,0034), vertical to horizontal.
    """
    for keyword in ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"):
        bounds = _PLAUSIBLE_MM if keyword != "PixelAspectRatio" else (1e-6, 1e6)
        pair = _pair(header, keyword, bounds)
        if pair and _within(pair[0] / pair[1], _PLAUSIBLE_ASPECT):
            return pair[0] / pair[1]
    return 1.0


def _pair(
    header: Dataset, keyword: str, bounds: tuple[float, float] = _PLAUSIBLE_MM
) -> tuple[float, float] | None:
    values = numbers(header, keyword)
    if len(values) != 2 or not all(_within(value, bounds) for value in values):
        return None
    return values[0], values[1]


def _within(value: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= value <= bounds[1]
