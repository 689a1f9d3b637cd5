"""The probability on a line from 0 to 1, with the operating point."""

from reportlab.lib.colors import Color, HexColor, white
from reportlab.pdfgen.canvas import Canvas

from pipeline.results.pdf.text import GREY, INK
from pipeline.values import Finding

_TRACK = 7.0
"""Height of the bar, points."""


def draw_scale(
    canvas: Canvas, finding: Finding, left: float, middle: float, width: float, colour: Color
) -> None:
    """Draw the bar around a height; its marks are below it."""
    canvas.setFillColor(white)
    canvas.setStrokeColor(HexColor("#c5ccd3"))
    canvas.setLineWidth(0.6)
    canvas.rect(left, middle, width, _TRACK, stroke=1, fill=1)
    canvas.setFillColor(colour)
    canvas.rect(left, middle, width * finding.probability, _TRACK, stroke=0, fill=1)
    mark = left + width * finding.threshold
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(1.2)
    canvas.line(mark, middle - 3, mark, middle + _TRACK + 3)
    canvas.setFont("Helvetica", 6.5)
    canvas.setFillColor(INK)
    canvas.drawCentredString(mark, middle - 10, f"operating point {finding.threshold:g}")
    canvas.setFillColor(GREY)
    canvas.drawString(left, middle + _TRACK + 4, "0")
    canvas.drawCentredString(left + width / 2, middle + _TRACK + 4, "probability")
    canvas.drawRightString(left + width, middle + _TRACK + 4, "1")
