"""How the film's stored values become grey, said again for a presentation state (PS3.3 C.11)."""

import numpy as np
from pydicom import Dataset

from pipeline.attributes import numbers, text
from pipeline.errors import UnsupportedInstance
from pipeline.pixels.description import PixelDescription, PixelLimits, describe_pixels
from pipeline.pixels.grayscale import Modality, read_modality
from pipeline.pixels.voi import Mapping, Ramp, Voi, read_voi
from pipeline.results.elements import put
from pipeline.values import Radiograph

_LEAST_CONTRAST = 0.02
"""A window or LUT that leaves less of the grey scale to the film is stale, and not repeated."""
_ANY_SIZE = PixelLimits(min_side=1, max_side=2**16, max_pixel_bytes=2**33)


def add_grey_levels(made: Dataset, radiograph: Radiograph) -> None:
    """Give a presentation state the Modality LUT, the VOI and the polarity of a film.

    A film without a usable window or VOI LUT gets the levels between which its content lies. Where the film
    has a lookup table of either kind, one table says the whole way from stored value to grey: a state's
    tables must fill 8 or 16 bits (C.11.2.1.1), which the film's need not.
    """
    try:
        description = describe_pixels(radiograph.header, _ANY_SIZE)
    except UnsupportedInstance:
        made.PresentationLUTShape = "IDENTITY"
        return
    is_inverted = description.photometric_interpretation == "MONOCHROME1"
    made.PresentationLUTShape = "INVERSE" if is_inverted else "IDENTITY"
    modality = read_modality(radiograph.header, description)
    voi = _usable_voi(radiograph, modality, description)
    if modality.lut is not None or (voi is not None and voi.name == "lut"):
        mapping = voi.mapping if voi else _content(radiograph, modality, description)
        made.SoftcopyVOILUTSequence = [_table(mapping, modality, description)]
    else:
        _add_line(made, radiograph.header, modality)
        _add_window(made, radiograph, voi)


def _usable_voi(radiograph: Radiograph, modality: Modality, description: PixelDescription) -> Voi | None:
    """Give the film's own VOI, as its viewer shows it, unless it misses the content."""
    ends = modality.of(np.array([description.lowest, description.highest], np.float64))
    voi = read_voi(radiograph.header, lowest_input=float(ends.min()))
    if voi is None or radiograph.levels is None:
        return voi
    return voi if np.ptp(voi.mapping.of(np.array(radiograph.levels))) >= _LEAST_CONTRAST else None


def _content(radiograph: Radiograph, modality: Modality, description: PixelDescription) -> Ramp:
    """Map the levels of the content; all levels that can be stored where those are not known."""
    if radiograph.levels is not None:
        return Ramp(*radiograph.levels)
    values = modality.of(np.arange(description.lowest, description.highest + 1, dtype=np.float64))
    return Ramp(float(values.min()), float(values.max()))


def _table(mapping: Mapping, modality: Modality, description: PixelDescription) -> Dataset:
    """Write a VOI LUT of 16 bits for every stored value; 65536 entries are a 0 (PS3.3 C.11.2.1.1)."""
    stored = np.arange(description.lowest, description.highest + 1, dtype=np.float64)
    grey = np.rint(mapping.of(modality.of(stored)) * 65535).astype("<u2")
    table, item = Dataset(), Dataset()
    count = stored.size % 65536
    if description.lowest < 0:
        table.add_new("LUTDescriptor", "SS", [count - 65536 * (count > 32767), description.lowest, 16])
    else:
        table.add_new("LUTDescriptor", "US", [count, 0, 16])
    table.add_new("LUTData", "OW", grey.tobytes())
    item.VOILUTSequence = [table]
    return item


def _add_line(made: Dataset, header: Dataset, modality: Modality) -> None:
    if (modality.slope, modality.intercept) != (1, 0) or numbers(header, "RescaleSlope"):
        made.RescaleIntercept, made.RescaleSlope = _decimal(modality.intercept), _decimal(modality.slope)
        put(made, "RescaleType", text(header, "RescaleType") or "US")


def _add_window(made: Dataset, radiograph: Radiograph, voi: Voi | None) -> None:
    header, item = radiograph.header, Dataset()
    if voi is not None:
        centre, width = numbers(header, "WindowCenter")[0], numbers(header, "WindowWidth")[0]
        function = text(header, "VOILUTFunction")
        if function in ("LINEAR_EXACT", "SIGMOID"):
            item.VOILUTFunction = function
    elif radiograph.levels is not None:
        low, high = radiograph.levels
        centre, width = (low + high) / 2 + 0.5, high - low + 1  # LINEAR (C.11.2.1.2.1)
    else:
        return
    item.WindowCenter, item.WindowWidth = _decimal(centre), _decimal(width)
    made.SoftcopyVOILUTSequence = [item]


def _decimal(value: float) -> str:
    """Write a Decimal String of at most 16 characters (PS3.5 6.2)."""
    return f"{value:.9g}"
