"""Paragraphs of the page."""

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph

from pipeline.results.pdf.letters import markup

INK, GREY = HexColor("#1c2733"), HexColor("#6b7784")


def paragraph(text: str, size: float, *, bold: bool = False, grey: bool = False) -> Paragraph:
    """Make a paragraph of plain text.

    Parameters
    ----------
    size
        Points.
    """
    style = ParagraphStyle(
        "page",
        fontName="Helvetica-Bold" if bold else "Helvetica",
        fontSize=size,
        leading=size * 1.28,
        textColor=GREY if grey else INK,
        splitLongWords=1,
    )
    return Paragraph(markup(text), style)
