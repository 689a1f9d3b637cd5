"""The bounds of the gate."""

from dataclasses import dataclass

from pipeline.pixels.description import PixelLimits


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What the gate lets through.

    Attributes
    ----------
    max_age_days
        Oldest age on the day of the film; up to 90 is sensible where preterm infants stay long.
    max_weight_kg, max_length_m
        Count only where no age is known.
    placeholder_birth_dates
        Dates that stand for an unknown birth date, ``YYYYMMDD``.
    require_age
        Whether films are turned away of which neither dates nor age nor size say that it is a newborn's.
    process_unknown
        Whether films go on of which neither age, nor body part, nor view is known; their lungs then decide.
    process_secondary_capture
        Whether Secondary Capture objects and SECONDARY images are judged.
    allow_for_processing
        Whether DX images FOR PROCESSING are judged. Only for models trained on such.
    companion_image_types
        Values of Image Type, from the third on, of enhanced copies of an exposure, which would be scored
        twice. POST_PROCESSED is not among them, because senders put it on their ordinary films too.
    min_side_pixels, max_side_pixels
        Of the image grid.
    min_lung_fraction, max_lung_fraction
        Lung area as a part of the field that is not hidden by padding or shutter.
    min_lung_mm2, max_lung_mm2
        Both lungs; used where the pixel spacing is known. A newborn's are about 2000 mm2, an adult's 40 000.
    max_lung_regions
        Connected regions of at least a tenth of the largest.
    max_side_ratio
        Larger lung over smaller lung.
    max_border_share
        Part of the lungs' outline that lies on the edge of the image.
    max_hidden_share
        Part of the lungs that padding or shutter hides.
    max_saturated_share
        Part of the lungs that is fully black, or fully white.
    min_contrast
        Standard deviation of the grey values in the field, of [0, 1].
    min_confidence
        Mean lung probability inside the mask.
    """

    max_age_days: int = 28
    max_weight_kg: float = 6.0
    max_length_m: float = 0.65
    placeholder_birth_dates: tuple[str, ...] = ("19000101", "18000101", "00010101")
    require_age: bool = False
    process_unknown: bool = True
    process_secondary_capture: bool = False
    allow_for_processing: bool = False
    companion_image_types: tuple[str, ...] = ("TUBE", "LINE", "EDGE", "CATHETER", "ENHANCED", "COMPANION")
    min_side_pixels: int = 128
    max_side_pixels: int = 8192
    min_lung_fraction: float = 0.015
    max_lung_fraction: float = 0.65
    min_lung_mm2: float = 300.0
    max_lung_mm2: float = 5000.0
    max_lung_regions: int = 2
    max_side_ratio: float = 2.5
    max_border_share: float = 0.2
    max_hidden_share: float = 0.2
    max_saturated_share: float = 0.5
    min_contrast: float = 0.02
    min_confidence: float = 0.5

    @property
    def pixel_limits(self) -> PixelLimits:
        """The grid sizes as `pipeline.radiograph.read_radiograph` takes them."""
        return PixelLimits(min_side=self.min_side_pixels, max_side=self.max_side_pixels)
