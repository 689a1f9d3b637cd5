"""One A4 page for people: who, what was found, on which picture, how good it is, and what it does not say."""

from io import BytesIO

from PIL.Image import Image
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from pipeline import PIPELINE_VERSION
from pipeline.results.equipment import MODEL_NAME
from pipeline.results.pdf.blocks import Block, criteria_block, facts_block, identity_block, limits_block
from pipeline.results.pdf.letters import register_fonts
from pipeline.results.pdf.scale import draw_scale
from pipeline.results.pdf.text import GREY, INK, paragraph
from pipeline.results.picture import draw_film
from pipeline.results.provenance import Provenance
from pipeline.results.wording import conclusion, headline, is_age_unknown
from pipeline.values import Analysis, Outcome

_WIDTH, _HEIGHT = A4
_MARGIN, _GAP = 40.0, 12.0
_INNER = _WIDTH - 2 * _MARGIN
_BAND, _FOOTER = 58.0, 34.0
_FACTS = 168.0
"""Width of the column beside the film."""
_FILM_PIXELS = 900
_LOWEST_FILM = 80.0
_NAVY, _AMBER = HexColor("#14263b"), HexColor("#ffd640")
_TINTS = {
    Outcome.PRESENT: (HexColor("#b3261e"), HexColor("#fdecea")),
    Outcome.ABSENT: (HexColor("#37474f"), HexColor("#eef2f4")),
}
_OPEN_TINT = (HexColor("#8a6100"), HexColor("#fff6dc"))
"""For what was not judged, and for answers about a patient of unknown age."""


def draw_page(analysis: Analysis, provenance: Provenance) -> bytes:
    """Draw the page.

    Returns
    -------
    bytes
        A PDF; the same analysis and provenance always give the same bytes.
    """
    register_fonts()
    stream = BytesIO()
    canvas = Canvas(stream, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setTitle("AI summary of a newborn's chest film (RESEARCH)")
    canvas.setAuthor(f"{MODEL_NAME} {PIPELINE_VERSION}")
    _draw_band(canvas)
    top = _HEIGHT - _BAND - _GAP
    top = _draw_below(canvas, identity_block(provenance.source.header, _INNER), _MARGIN, top) - _GAP
    top = _draw_answer(canvas, analysis, top) - _GAP
    bottom = _draw_from_below(canvas, analysis)
    _draw_middle(canvas, analysis, top, bottom + _GAP)
    _draw_footer(canvas, provenance)
    canvas.save()
    return stream.getvalue()


def _draw_band(canvas: Canvas) -> None:
    canvas.setFillColor(_NAVY)
    canvas.rect(0, _HEIGHT - _BAND, _WIDTH, _BAND, stroke=0, fill=1)
    canvas.setFillColor(white)
    canvas.setFont("Helvetica-Bold", 17)
    canvas.drawString(_MARGIN, _HEIGHT - 29, "AI summary of a chest film")
    canvas.setFont("Helvetica", 9.5)
    canvas.drawString(_MARGIN, _HEIGHT - 45, "Respiratory distress syndrome of the newborn (RDS)")
    canvas.setFillColor(_AMBER)
    canvas.roundRect(_WIDTH - _MARGIN - 132, _HEIGHT - 40, 132, 22, 4, stroke=0, fill=1)
    canvas.setFillColor(_NAVY)
    canvas.setFont("Helvetica-Bold", 10)
    canvas.drawCentredString(_WIDTH - _MARGIN - 66, _HEIGHT - 32.5, "RESEARCH USE ONLY")


def _draw_below(canvas: Canvas, block: Block, left: float, top: float) -> float:
    """Draw a block below a height; return the height of its lower edge."""
    block.draw(canvas, left, top - block.height)
    return top - block.height


def _draw_answer(canvas: Canvas, analysis: Analysis, top: float) -> float:
    strong, tint = _tint(analysis)
    has_scale = analysis.finding is not None and analysis.outcome in _TINTS
    scale_width = 170.0 if has_scale else 0.0
    words = paragraph(conclusion(analysis), 9.5)
    words_height = words.wrap(_INNER - 28 - scale_width, _HEIGHT)[1]
    height = max(words_height + 44, 62)
    canvas.setFillColor(tint)
    canvas.roundRect(_MARGIN, top - height, _INNER, height, 5, stroke=0, fill=1)
    canvas.setFillColor(strong)
    canvas.rect(_MARGIN, top - height, 4, height, stroke=0, fill=1)
    _draw_headline(canvas, headline(analysis), top - 23, _INNER - 34 - scale_width)
    words.drawOn(canvas, _MARGIN + 14, top - 34 - words_height)
    if has_scale and analysis.finding:
        left = _MARGIN + _INNER - scale_width + 4
        draw_scale(canvas, analysis.finding, left, top - height / 2, scale_width - 20, strong)
    return float(top - height)


def _draw_headline(canvas: Canvas, text: str, height: float, width: float) -> None:
    """Draw the headline as large as its room allows, 16 points at most."""
    size = min(16.0, 16.0 * width / stringWidth(text, "Helvetica-Bold", 16))
    canvas.setFont("Helvetica-Bold", size)
    canvas.drawString(_MARGIN + 14, height, text)


def _tint(analysis: Analysis) -> tuple[Color, Color]:
    return _OPEN_TINT if is_age_unknown(analysis) else _TINTS.get(analysis.outcome, _OPEN_TINT)


def _draw_from_below(canvas: Canvas, analysis: Analysis) -> float:
    """Draw what stands at the foot of the page; return the height of its upper edge."""
    bottom = _FOOTER + _GAP
    for block in (limits_block(analysis, _INNER), criteria_block(analysis, _INNER)):
        block.draw(canvas, _MARGIN, bottom)
        bottom += block.height + _GAP
    return bottom - _GAP


def _draw_middle(canvas: Canvas, analysis: Analysis, top: float, bottom: float) -> None:
    """Draw the film, as large as there is room, and the facts beside it."""
    _draw_below(canvas, facts_block(analysis, _FACTS), _MARGIN + _INNER - _FACTS, top)
    width, height = _INNER - _FACTS - 2 * _GAP, max(top - bottom, _LOWEST_FILM)
    if analysis.radiograph is None:
        _draw_no_film(canvas, width, top)
        return
    film = draw_film(analysis, analysis.radiograph, (_FILM_PIXELS, _FILM_PIXELS))
    scale = min(width / film.width, height / film.height)
    size = (film.width * scale, film.height * scale)
    canvas.drawImage(_as_jpeg(film), _MARGIN, top - size[1], *size)


def _as_jpeg(film: Image) -> ImageReader:
    stream = BytesIO()
    film.save(stream, "JPEG", quality=90, subsampling=0)
    stream.seek(0)
    return ImageReader(stream)


def _draw_no_film(canvas: Canvas, width: float, top: float) -> None:
    canvas.setStrokeColor(GREY)
    canvas.setFillColor(GREY)
    canvas.roundRect(_MARGIN, top - 60, width, 60, 5, stroke=1, fill=0)
    canvas.setFont("Helvetica", 9.5)
    canvas.drawCentredString(_MARGIN + width / 2, top - 33, "The film was not analysed; no picture of it.")


def _draw_footer(canvas: Canvas, provenance: Provenance) -> None:
    canvas.setStrokeColor(GREY)
    canvas.setLineWidth(0.5)
    canvas.line(_MARGIN, _FOOTER, _WIDTH - _MARGIN, _FOOTER)
    canvas.setFillColor(INK)
    canvas.setFont("Helvetica", 6.5)
    station, moment = provenance.origin.station_name, f"{provenance.made_at:%Y-%m-%d %H:%M %z}"
    made_by = f"{MODEL_NAME} {PIPELINE_VERSION} at {station}, {moment}, page 1 of 1"
    canvas.drawString(_MARGIN, _FOOTER - 10, f"Film {provenance.source.sop_instance_uid}")
    canvas.drawRightString(_WIDTH - _MARGIN, _FOOTER - 10, made_by)
