"""The bounds of the gate; each key is a field of ``pipeline.gate.GateSettings``."""

from node.config.section import Section
from node.config.types import CodeText, Count, Date, Days, Flag, Positive, Share


class GateConfig(Section):
    """Which radiographs are judged at all."""

    max_age_days: Days = 28
    """Oldest age that is judged; up to 90 is sensible where preterm infants stay long."""
    max_weight_kg: Positive = 6.0
    """Largest weight that is judged where no age is known."""
    max_length_m: Positive = 0.65
    """Largest length that is judged where no age is known."""
    placeholder_birth_dates: tuple[Date, ...] = ("19000101", "18000101", "00010101")
    """Dates that the site's systems write when they do not know the birth date."""
    require_age: Flag = False
    """Turn films away of which neither dates nor age nor size say that it is a newborn's."""
    process_unknown: Flag = True
    """Judge films whose headers neither confirm nor exclude a newborn's chest, if their lungs look right."""
    allow_for_processing: Flag = False
    """Judge DX images FOR PROCESSING too; only for models that were trained on such."""
    companion_image_types: tuple[CodeText, ...] = (
        "TUBE",
        "LINE",
        "EDGE",
        "CATHETER",
        "ENHANCED",
        "COMPANION",
    )
    """Values of Image Type, from the third on, of enhanced copies, which are not judged a second time."""
    min_side_pixels: Count = 128
    """Smallest number of rows and of columns."""
    max_side_pixels: Count = 8192
    """Largest number of rows and of columns."""
    min_lung_fraction: Share = 0.015
    """Smallest part of the visible field that the lungs must cover."""
    max_lung_fraction: Share = 0.65
    """Largest part of the visible field that the lungs may cover; half where a film is cut close."""
    min_lung_mm2: Positive = 300.0
    """Smallest area of both lungs, where the pixel spacing is known."""
    max_lung_mm2: Positive = 5000.0
    """Largest area of both lungs, where the pixel spacing is known."""
    max_lung_regions: Count = 2
    """Most connected regions of the lungs."""
    max_side_ratio: Positive = 2.5
    """Largest ratio of the larger lung to the smaller."""
    max_border_share: Share = 0.2
    """Largest part of the lungs' outline on the edge of the image."""
    max_hidden_share: Share = 0.2
    """Largest part of the lungs that padding or shutter may hide."""
    max_saturated_share: Share = 0.5
    """Largest part of the lungs that may be fully black or fully white."""
    min_contrast: Share = 0.02
    """Smallest standard deviation of the grey values in the field."""
    min_confidence: Share = 0.5
    """Smallest mean lung probability inside the lungs."""
