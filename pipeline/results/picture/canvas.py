"""Film and text on one black canvas: a PNG beside the objects, and the pixels of a Secondary Capture."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.results.colours import BLACK
from pipeline.results.picture.film import draw_film
from pipeline.results.picture.strip import draw_strip
from pipeline.values import Analysis, Radiograph

_NARROWEST, _WIDEST, _HIGHEST_FILM = 760, 1200, 900
"""Columns of the canvas and rows of the film, in units of the picture."""
_SMALLEST_CAPTURE = 1024
"""Longest side in pixels below which the text would be hard to read, however small the film is."""
_FILM_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class _Frame:
    """The room for one picture: pixels of the film's box, of the text at least, and of a unit."""

    film: tuple[int, int]
    narrowest: int
    unit: float


def draw_overlay(analysis: Analysis, radiograph: Radiograph) -> bytes:
    """Draw the film, upright where its orientation is known, and a strip of text below it.

    Returns
    -------
    bytes
        PNG, RGB, at most about 1200 pixels high and wide. Carries no patient identity but what is burned
        into the film itself.
    """
    canvas = _compose(analysis, radiograph, _Frame((_WIDEST, _HIGHEST_FILM), _NARROWEST, 1.0))
    stream = BytesIO()
    canvas.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def draw_capture(analysis: Analysis, longest_side: int) -> NDArray[np.uint8]:
    """Draw the same for a Secondary Capture: as much of the film's own resolution as there is room for.

    Parameters
    ----------
    longest_side
        Pixels that neither rows nor columns exceed; at least 512.

    Returns
    -------
    ndarray
        uint8 (rows, columns, 3); text alone where there is no film to be shown.
    """
    radiograph = analysis.radiograph
    native = max(radiograph.shape) / _FILM_SHARE if radiograph else 0
    side = min(longest_side, max(_SMALLEST_CAPTURE, round(native)))
    unit, film_rows = side / _WIDEST, round(side * _FILM_SHARE)
    while True:
        frame = _Frame((side, film_rows), round(_NARROWEST * unit), unit)
        canvas = _compose(analysis, radiograph, frame)
        excess = canvas.height - longest_side
        if excess <= 0:
            return np.asarray(canvas)
        film_rows = max(1, film_rows - excess)
        unit *= 1.0 if film_rows > 1 else 0.9


def _compose(analysis: Analysis, radiograph: Radiograph | None, frame: _Frame) -> Image.Image:
    if radiograph is None:
        return draw_strip(analysis, frame.narrowest, frame.unit)
    film = draw_film(analysis, radiograph, frame.film, unit=frame.unit)
    width = max(film.width, frame.narrowest)
    strip = draw_strip(analysis, width, frame.unit)
    canvas = Image.new("RGB", (width, film.height + strip.height), BLACK)
    canvas.paste(film, ((width - film.width) // 2, 0))
    canvas.paste(strip, (0, film.height))
    return canvas
