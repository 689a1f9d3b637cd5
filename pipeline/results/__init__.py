"""Result objects of one film: SEG, Structured Report and overlay picture, and what shows them to any viewer.

>>> objects = make_result_objects(analysis, origin)
>>> part10 = to_part10(objects.report)
>>> capture = make_visible_object(analysis, origin, Form("sc", longest_side=2048))

The same analysis and origin always give the same bytes: every UID is derived (`uids.py`), every date comes
from `Origin.made_at`. highdicom builds the objects, `finish.py` puts right what it cannot say; it is imported
with the first film, because the receiver needs only the names in this package.
"""

from typing import TYPE_CHECKING

from pydicom import Dataset
from pydicom.config import disable_value_validation

from pipeline.results.objects import ResultObjects
from pipeline.results.options import DEFAULT_SC_SIDE, VISIBLE_KINDS, Charset, Form, Kind, SrClass
from pipeline.results.part10 import to_part10
from pipeline.results.uids import result_uid
from pipeline.values import Analysis, Origin, Outcome

if TYPE_CHECKING:
    from pipeline.results.provenance import Provenance
    from pipeline.results.segments import LungSegment

__all__ = [
    "DEFAULT_SC_SIDE",
    "VISIBLE_KINDS",
    "Charset",
    "Form",
    "Kind",
    "ResultObjects",
    "SrClass",
    "make_result_objects",
    "make_visible_object",
    "result_uid",
    "to_part10",
]


def make_result_objects(
    analysis: Analysis,
    origin: Origin,
    *,
    sr_class: SrClass = "comprehensive-3d",
    charset: Charset = "utf-8",
    overlay: bool = True,
) -> ResultObjects:
    """Make what is stored and sent for one film.

    Parameters
    ----------
    sr_class
        SOP Class of the report: Comprehensive 3D SR, or Enhanced SR for receivers that refuse that.
    charset
        ``source`` writes in the film's own character set where that has every letter; else UTF-8.
    overlay
        Whether to draw the picture, which takes as long as the rest together.

    Returns
    -------
    ResultObjects
        A SEG only for a film that was judged: the mask of any other film is not vouched for. A report always.
        A picture wherever the film could be decoded.

    Raises
    ------
    UnsupportedInstance
        If the film is no CR, DX or Secondary Capture, or lacks one of the UIDs that results refer to.
    """
    from pipeline.results.header import read_source
    from pipeline.results.provenance import Provenance

    provenance = Provenance(read_source(analysis.header), analysis.bundle, origin, charset)
    with disable_value_validation():
        segmentation, report = _build(analysis, provenance, sr_class)
    return ResultObjects(segmentation, report, _picture(analysis) if overlay else None)


def make_visible_object(analysis: Analysis, origin: Origin, form: Form) -> Dataset | None:
    """Make what shows a film's result where a viewer shows neither SEG nor Structured Report.

    Parameters
    ----------
    form
        Presentation state (``pr``), Secondary Capture (``sc``) or encapsulated PDF (``pdf``).

    Returns
    -------
    Dataset or None
        No presentation state for a film that was not judged: it would have nothing to draw. Secondary Capture
        and PDF always; they say why a film was not judged.

    Raises
    ------
    UnsupportedInstance
        As `make_result_objects`.
    """
    from pipeline.results.header import read_source
    from pipeline.results.provenance import Provenance

    provenance = Provenance(read_source(analysis.header), analysis.bundle, origin, form.charset)
    with disable_value_validation():
        return _make_visible(analysis, form, provenance)


def _make_visible(analysis: Analysis, form: Form, provenance: "Provenance") -> Dataset | None:
    if form.kind == "sc":
        from pipeline.results.capture import make_capture

        return make_capture(analysis, form.longest_side, provenance)
    if form.kind == "pdf":
        from pipeline.results.pdf import make_document

        return make_document(analysis, provenance)
    assert form.kind == "pr", f"{form.kind} is made by make_result_objects"
    segments = _segments(analysis)
    if not segments or analysis.radiograph is None:
        return None
    from pipeline.results.presentation import make_presentation

    return make_presentation(analysis, segments, analysis.radiograph, provenance)


def _segments(analysis: Analysis) -> "list[LungSegment]":
    """Give the lungs of a film that was judged; no other mask is vouched for."""
    from pipeline.results.segments import lung_segments

    is_judged = analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT)
    return lung_segments(analysis.lung_mask) if is_judged and analysis.lung_mask else []


def _build(analysis: Analysis, provenance: "Provenance", sr_class: SrClass) -> tuple[Dataset | None, Dataset]:
    """Build SEG and report; the film's UIDs go in as they came, whether or not they are valid."""
    from pipeline.results.seg import make_segmentation
    from pipeline.results.sr import make_report

    segments = _segments(analysis)
    segmentation = make_segmentation(segments, analysis.radiograph, provenance) if segments else None
    return segmentation, make_report(analysis, segments, segmentation, provenance, sr_class)


def _picture(analysis: Analysis) -> bytes | None:
    if analysis.radiograph is None:
        return None
    from pipeline.results.picture import draw_overlay

    return draw_overlay(analysis, analysis.radiograph)
