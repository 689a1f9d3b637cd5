"""The film itself, upright where its orientation is known, with the outline of each lung."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.pixels.orientation import to_upright
from pipeline.results.colours import BLACK, lung_colour
from pipeline.results.segments import LungSegment, lung_segments
from pipeline.values import Analysis, Orientation, Radiograph

_LARGEST_SCALE = 3.0
_OUTLINE, _LETTER = 2, 28
"""Width of an outline and height of a lung's letter, in units of the picture."""


def draw_film(
    analysis: Analysis, radiograph: Radiograph, box: tuple[int, int], *, unit: float = 1.0
) -> Image.Image:
    """Draw the film as large as a box allows, its pixels made square.

    Parameters
    ----------
    box
        Columns and rows.
    unit
        Scale of lines and letters; 1.0 suits a film of 900 rows.

    Returns
    -------
    Image
        RGB, at most three times the film's own size. What padding or shutter hides is black.
    """
    grey = (radiograph.pixels * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    if radiograph.outside is not None:
        grey[radiograph.outside] = 0
    upright = Image.fromarray(np.ascontiguousarray(to_upright(grey, radiograph.orientation)))
    size = _size_within(radiograph, box)
    film = upright.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0).convert("RGB")
    for segment in lung_segments(analysis.lung_mask) if analysis.lung_mask else []:
        _draw_lung(film, segment, radiograph.orientation, unit)
    return film


def _size_within(radiograph: Radiograph, box: tuple[int, int]) -> tuple[int, int]:
    """Return columns and rows of the upright film, its pixels made square."""
    height, width = radiograph.shape[0] * radiograph.pixel_aspect, float(radiograph.shape[1])
    if radiograph.orientation.quarter_turns % 2:
        height, width = width, height
    scale = min(box[0] / width, box[1] / height, _LARGEST_SCALE)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _draw_lung(film: Image.Image, segment: LungSegment, orientation: Orientation, unit: float) -> None:
    colour = lung_colour(segment)
    area = _nearest(to_upright(segment.pixels, orientation), film.size)
    outline = (area & ~_eroded(area, max(1, round(_OUTLINE * unit)))).astype(np.uint8) * np.uint8(255)
    film.paste(colour, mask=Image.fromarray(outline))
    if segment.laterality and area.any():
        rows, columns = np.nonzero(area)
        centre, font = (float(columns.mean()), float(rows.mean())), ImageFont.load_default(_LETTER * unit)
        pen = ImageDraw.Draw(film)
        pen.text(centre, segment.label[0], colour, font, anchor="mm", stroke_width=2, stroke_fill=BLACK)


def _nearest(area: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Scale a mask to (columns, rows)."""
    columns, rows = size
    row_of = np.arange(rows) * area.shape[0] // rows
    column_of = np.arange(columns) * area.shape[1] // columns
    return np.asarray(area[row_of[:, None], column_of])


def _eroded(area: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Take a rim of a width in pixels off a mask; the picture's border counts as outside."""
    for axis in (0, 1):
        padded = np.pad(area, [(width, width) if axis == side else (0, 0) for side in (0, 1)])
        length = area.shape[axis]
        shifted = [np.take(padded, range(shift, shift + length), axis) for shift in range(2 * width + 1)]
        area = np.logical_and.reduce(shifted)
    return area
