"""Picture for people: the film with lung contours, and below it what was found, and by what."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline import codes
from pipeline.pixels.orientation import to_upright
from pipeline.results.segments import LungSegment, lung_segments
from pipeline.results.wording import (
    AGE_NOT_KNOWN,
    conclusion,
    disclaimer,
    headline,
    is_age_unknown,
    probability_sentence,
    unconfirmed,
)
from pipeline.values import Analysis, Orientation, Outcome, Radiograph

_WIDEST, _HIGHEST_FILM, _NARROWEST, _LARGEST_SCALE = 1200, 900, 760, 3.0
_MARGIN, _LINE_GAP, _CONTOUR = 16, 6, 2
_RGB = tuple[int, int, int]
_BLACK, _WHITE, _GREY = (0, 0, 0), (255, 255, 255), (170, 170, 170)
_RED, _YELLOW = (255, 96, 80), (255, 214, 64)
_RIGHT_LUNG, _LEFT_LUNG, _LUNGS = (0, 160, 255), (255, 160, 0), (0, 210, 190)


@dataclass(frozen=True, slots=True)
class _Line:
    """One paragraph of the text strip, wrapped to its width."""

    text: str
    size: int
    colour: _RGB


def draw_overlay(analysis: Analysis, radiograph: Radiograph) -> bytes:
    """Draw the film, upright where its orientation is known, and a strip of text below it.

    Returns
    -------
    bytes
        PNG, RGB, at most about 1200 pixels high and wide. Carries no patient identity but what is burned
        into the film itself.
    """
    film = _draw_film(analysis, radiograph)
    width = max(film.width, _NARROWEST)
    strip = _draw_strip(_strip_lines(analysis), width)
    canvas = Image.new("RGB", (width, film.height + strip.height), _BLACK)
    canvas.paste(film, ((width - film.width) // 2, 0))
    canvas.paste(strip, (0, film.height))
    stream = BytesIO()
    canvas.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _draw_film(analysis: Analysis, radiograph: Radiograph) -> Image.Image:
    size = _size_on_screen(radiograph)
    grey = (radiograph.pixels * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    if radiograph.outside is not None:
        grey[radiograph.outside] = 0
    upright = Image.fromarray(np.ascontiguousarray(to_upright(grey, radiograph.orientation)))
    film = upright.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0).convert("RGB")
    for segment in lung_segments(analysis.lung_mask) if analysis.lung_mask else []:
        _draw_lung(film, segment, radiograph.orientation)
    return film


def _size_on_screen(radiograph: Radiograph) -> tuple[int, int]:
    """Return columns and rows of the upright film, its pixels made square."""
    height, width = radiograph.shape[0] * radiograph.pixel_aspect, float(radiograph.shape[1])
    if radiograph.orientation.quarter_turns % 2:
        height, width = width, height
    scale = min(_WIDEST / width, _HIGHEST_FILM / height, _LARGEST_SCALE)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _draw_lung(film: Image.Image, segment: LungSegment, orientation: Orientation) -> None:
    colour = _colour(segment)
    area = _nearest(to_upright(segment.pixels, orientation), film.size)
    contour = (area & ~_eroded(area, _CONTOUR)).astype(np.uint8) * np.uint8(255)
    film.paste(colour, mask=Image.fromarray(contour))
    if segment.laterality and area.any():
        rows, columns = np.nonzero(area)
        centre, font = (float(columns.mean()), float(rows.mean())), ImageFont.load_default(28)
        pen = ImageDraw.Draw(film)
        pen.text(centre, segment.label[0], colour, font, anchor="mm", stroke_width=2, stroke_fill=_BLACK)


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


def _colour(segment: LungSegment) -> _RGB:
    if segment.laterality is None:
        return _LUNGS
    return _RIGHT_LUNG if segment.laterality == codes.RIGHT else _LEFT_LUNG


def _strip_lines(analysis: Analysis) -> list[_Line]:
    bundle, is_judged = analysis.bundle, analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT)
    colour = {Outcome.PRESENT: _RED, Outcome.ABSENT: _WHITE}.get(analysis.outcome, _YELLOW)
    lines = [_Line(headline(analysis), 32, _YELLOW if is_age_unknown(analysis) else colour)]
    if analysis.finding and is_judged:
        lines.append(_Line(probability_sentence(analysis.finding), 20, _WHITE))
        lines += [_Line(AGE_NOT_KNOWN, 20, _YELLOW)] if is_age_unknown(analysis) else []
    else:
        lines.append(_Line(conclusion(analysis), 20, _WHITE))
    lines += _area_lines(analysis) if is_judged else []
    models = ", ".join(f"{model.name} {model.version}" for model in (bundle.segmenter, bundle.classifier))
    rejected = "The outlines are not a result." if analysis.lung_mask and not is_judged else ""
    notes = (rejected, unconfirmed(analysis), f"Models: {bundle.name} {bundle.version} ({models})")
    lines += [_Line(note, 16, _GREY) for note in notes if note]
    lines.append(_Line(disclaimer(bundle.disclaimer), 18, _YELLOW))
    return lines


def _area_lines(analysis: Analysis) -> list[_Line]:
    if analysis.lung_mask is None:
        return []
    spacing = analysis.radiograph.spacing if analysis.radiograph else None
    lines = []
    for segment in lung_segments(analysis.lung_mask):
        pixels = int(segment.pixels.sum())
        area = f"{pixels} pixels"
        if spacing:
            area = f"{pixels * spacing.row_mm * spacing.column_mm / 100:.1f} cm2"
        share = 100 * pixels / segment.pixels.size
        lines.append(_Line(f"{segment.label}: {area}, {share:.1f} % of the picture", 20, _colour(segment)))
    return lines


def _draw_strip(lines: list[_Line], width: int) -> Image.Image:
    wrapped = [
        _Line(part, line.size, line.colour)
        for line in lines
        for part in _wrap(line.text, ImageFont.load_default(line.size), width - 2 * _MARGIN)
    ]
    height = 2 * _MARGIN + sum(line.size + _LINE_GAP for line in wrapped)
    strip = Image.new("RGB", (width, height), _BLACK)
    pen, top = ImageDraw.Draw(strip), _MARGIN
    for line in wrapped:
        pen.text((_MARGIN, top), line.text, line.colour, ImageFont.load_default(line.size))
        top += line.size + _LINE_GAP
    return strip


def _wrap(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
