"""The strip of text below the film."""

from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from pipeline.results.colours import BLACK, GREY, WHITE, YELLOW, Rgb, headline_colour, lung_colour
from pipeline.results.segments import lung_segments
from pipeline.results.wording import (
    AGE_NOT_KNOWN,
    area_sentence,
    conclusion,
    disclaimer,
    headline,
    is_age_unknown,
    models_sentence,
    probability_sentence,
    unconfirmed,
)
from pipeline.values import Analysis, Outcome

_MARGIN, _LINE_GAP = 16, 6
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class _Line:
    """One paragraph, wrapped to the strip's width; its size is in units of the picture."""

    text: str
    size: int
    colour: Rgb


def draw_strip(analysis: Analysis, width: int, unit: float) -> Image.Image:
    """Draw the text.

    Parameters
    ----------
    width
        Columns.
    unit
        Scale of letters and margins; 1.0 suits 760 to 1200 columns.
    """
    margin, gap = round(_MARGIN * unit), round(_LINE_GAP * unit)
    wrapped = [
        (part, _font(line, unit), line)
        for line in _lines(analysis)
        for part in _wrap(line.text, _font(line, unit), width - 2 * margin)
    ]
    heights = [round(line.size * unit) + gap for _, _, line in wrapped]
    strip = Image.new("RGB", (width, 2 * margin + sum(heights)), BLACK)
    pen, top = ImageDraw.Draw(strip), margin
    for (part, font, line), height in zip(wrapped, heights, strict=True):
        pen.text((margin, top), part, line.colour, font)
        top += height
    return strip


def _font(line: _Line, unit: float) -> _Font:
    return ImageFont.load_default(line.size * unit)


def _lines(analysis: Analysis) -> list[_Line]:
    bundle, is_judged = analysis.bundle, analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT)
    lines = [_Line(f"AI: {headline(analysis)}", 32, headline_colour(analysis))]
    if analysis.finding and is_judged:
        lines.append(_Line(probability_sentence(analysis.finding), 20, WHITE))
        lines += [_Line(AGE_NOT_KNOWN, 20, YELLOW)] if is_age_unknown(analysis) else []
    else:
        lines.append(_Line(conclusion(analysis), 20, WHITE))
    lines += _area_lines(analysis) if is_judged else []
    rejected = "The outlines are not a result." if analysis.lung_mask and not is_judged else ""
    notes = (rejected, unconfirmed(analysis), models_sentence(bundle))
    lines += [_Line(note, 16, GREY) for note in notes if note]
    lines.append(_Line(disclaimer(bundle.disclaimer), 18, YELLOW))
    return lines


def _area_lines(analysis: Analysis) -> list[_Line]:
    if analysis.lung_mask is None:
        return []
    spacing = analysis.radiograph.spacing if analysis.radiograph else None
    return [
        _Line(area_sentence(segment, spacing), 20, lung_colour(segment))
        for segment in lung_segments(analysis.lung_mask)
    ]


def _wrap(text: str, font: _Font, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
