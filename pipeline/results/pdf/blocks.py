"""The blocks of the page: tables and paragraphs of a given width."""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from pydicom import Dataset
from reportlab.lib.colors import HexColor
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table

from pipeline.results.pdf.letters import readable_name
from pipeline.results.pdf.text import paragraph
from pipeline.results.quality import quality, quality_finding
from pipeline.results.segments import lung_segments
from pipeline.results.wording import area_text, criteria, disclaimer, unconfirmed
from pipeline.values import Analysis, Outcome, Reason

_LINE = HexColor("#c5ccd3")
_TIGHT = [(edge, (0, 0), (-1, -1), 0) for edge in ("LEFTPADDING", "TOPPADDING", "BOTTOMPADDING")]
_UNITS = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
_SEXES = {"M": "male", "F": "female", "O": "other"}
_PAGE = 842.0
"""Points that no block exceeds."""
_MOST_CRITERIA, _LONGEST_CRITERION = 24, 150
_LIMITS = (
    "The software looks for RDS and for nothing else: not for pneumothorax, pneumonia, effusion, other "
    "diseases, or where tubes and lines lie. Absent excludes neither RDS nor these. Lung area is that of the "
    "projection inside the outline. Where the outline misses a lung or takes in stomach gas, disregard the "
    "answer. The picture is reduced; read the film itself."
)


@dataclass(frozen=True, slots=True)
class Block:
    """A table of a width, laid out."""

    table: Table
    height: float

    def draw(self, canvas: Canvas, left: float, bottom: float) -> None:
        """Draw the block, its lower left corner at a point of the page."""
        self.table.drawOn(canvas, left, bottom)


def _block(rows: list[list[Any]], widths: list[float], extra: tuple[Any, ...] = ()) -> Block:
    style = [*_TIGHT, ("RIGHTPADDING", (0, 0), (-1, -1), 6), ("VALIGN", (0, 0), (-1, -1), "TOP"), *extra]
    table = Table(rows, colWidths=widths, style=style)
    return Block(table, float(table.wrap(sum(widths), _PAGE)[1]))


def identity_block(header: Dataset, width: float) -> Block:
    """Say whose film it is and to which study it belongs."""
    fields = (
        ("Patient", readable_name(str(header.get("PatientName", "")))),
        ("Patient ID", str(header.get("PatientID", ""))),
        ("Born", _born(header)),
        ("Sex", _SEXES.get(str(header.get("PatientSex", "")), "")),
        ("Study", str(header.get("StudyDescription", "") or "Chest radiograph")),
        ("Accession number", str(header.get("AccessionNumber", ""))),
        ("Study date", _date(str(header.get("StudyDate", "")))),
        ("Time", _time(str(header.get("StudyTime", "")))),
    )
    cells = [[paragraph(name, 7, grey=True), paragraph(text or "not stated", 9.5)] for name, text in fields]
    widths = [width * share for share in (0.4, 0.26, 0.2, 0.14)]
    rule = ("LINEBELOW", (0, 1), (-1, 1), 0.5, _LINE), ("BOTTOMPADDING", (0, 0), (-1, -1), 5)
    return _block([cells[:4], cells[4:]], widths, rule)


def _born(header: Dataset) -> str:
    """Give the birth date, else the age as the film states it."""
    born, age = _date(str(header.get("PatientBirthDate", ""))), str(header.get("PatientAge", ""))
    return born or (f"age {int(age[:3])} {_UNITS[age[3]]}" if age else "")


def _date(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 else ""


def _time(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}" if len(text) >= 4 else ""


def facts_block(analysis: Analysis, width: float) -> Block:
    """Give lung areas, quality of the film and models: what stands beside the film."""
    bundle = analysis.bundle
    sections = [
        ("Lung area", _areas(analysis)),
        ("Quality of the film", [*_quality(analysis), unconfirmed(analysis)]),
        (
            "Models",
            [
                f"Bundle {bundle.name} {bundle.version}",
                *(f"{model.name} {model.version}" for model in (bundle.segmenter, bundle.classifier)),
                f"SHA-256 {bundle.digest[:16]}...",
            ],
        ),
    ]
    rows = []
    for title, lines in sections:
        rows.append([paragraph(title, 9, bold=True)])
        rows += [[paragraph(line, 8)] for line in lines if line]
        rows.append([paragraph(" ", 4)])
    return _block(rows, [width], (("BOTTOMPADDING", (0, 0), (-1, -1), 2),))


def _areas(analysis: Analysis) -> list[str]:
    if analysis.lung_mask is None or analysis.outcome not in (Outcome.PRESENT, Outcome.ABSENT):
        rejected = "The outlines are not a result." if analysis.lung_mask else ""
        return ["Not measured.", rejected]
    spacing = analysis.radiograph.spacing if analysis.radiograph else None
    segments = lung_segments(analysis.lung_mask)
    lines = [f"{segment.label}: {area_text(int(segment.pixels.sum()), spacing)}" for segment in segments]
    if len(segments) > 1:
        lines.append(f"Both lungs: {area_text(sum(int(each.pixels.sum()) for each in segments), spacing)}")
    return [*lines, f"Spacing: {spacing.source if spacing else 'not known'}"]


def _quality(analysis: Analysis) -> list[str]:
    """Name the coded quality, and its coded reason unless that is "unknown": the answer tells it in words."""
    reason = quality_finding(analysis) if analysis.reason is not Reason.OTHER else None
    return [code.meaning for code in (quality(analysis), reason) if code is not None]


def criteria_block(analysis: Analysis, width: float) -> Block:
    """List every criterion of the gate in two columns."""
    lines = [line.removeprefix("Criterion ") for line in criteria(analysis)]
    if len(lines) > _MOST_CRITERIA:
        lines = [*lines[: _MOST_CRITERIA - 1], "The Structured Report lists all of them."]
    cells = [paragraph(_shortened(line), 6.5) for line in lines]
    half = -(-len(cells) // 2)
    rows = [[paragraph("Criteria for films that are judged", 9, bold=True), ""]]
    rows += [list(pair) for pair in zip_longest(cells[:half], cells[half:], fillvalue="")]
    return _block(rows, [width / 2, width / 2], (("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_CRITERION else f"{text[: _LONGEST_CRITERION - 3]}..."


def limits_block(analysis: Analysis, width: float) -> Block:
    """Say what the answer is not, and the models' own disclaimer."""
    rows = [
        [paragraph("What this page does not say", 9, bold=True)],
        [paragraph(_LIMITS, 8)],
        [paragraph(disclaimer(analysis.bundle.disclaimer), 8, bold=True)],
    ]
    padding = ("LEFTPADDING", (0, 0), (-1, -1), 8), ("BACKGROUND", (0, 0), (-1, -1), HexColor("#fff6dc"))
    return _block(
        rows, [width], (*padding, ("TOPPADDING", (0, 0), (-1, -1), 3), ("BOTTOMPADDING", (0, 0), (-1, -1), 3))
    )
