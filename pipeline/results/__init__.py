"""Result objects of one film: SEG, Structured Report and overlay picture.

>>> objects = make_result_objects(analysis, origin)
>>> part10 = to_part10(objects.report)

The same analysis and origin always give the same bytes: every UID is derived (`uids.py`), every date comes
from `Origin.made_at`. highdicom builds the objects, `finish.py` puts right what it cannot say; it is imported
with the first film, because the receiver needs only the names in this package.
"""

from typing import TYPE_CHECKING

from pydicom import Dataset
from pydicom.config import disable_value_validation

from pipeline.results.options import Charset, SrClass
from pipeline.results.part10 import to_part10
from pipeline.results.uids import result_uid
from pipeline.values import Analysis, Origin, Outcome, ResultObjects

if TYPE_CHECKING:
    from pipeline.results.provenance import Provenance

__all__ = ["Charset", "SrClass", "make_result_objects", "result_uid", "to_part10"]


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


def _build(analysis: Analysis, provenance: "Provenance", sr_class: SrClass) -> tuple[Dataset | None, Dataset]:
    """Build SEG and report; the film's UIDs go in as they came, whether or not they are valid."""
    from pipeline.results.seg import make_segmentation
    from pipeline.results.segments import lung_segments
    from pipeline.results.sr import make_report

    is_judged = analysis.outcome in (Outcome.PRESENT, Outcome.ABSENT)
    segments = lung_segments(analysis.lung_mask) if is_judged and analysis.lung_mask else []
    segmentation = make_segmentation(segments, analysis.radiograph, provenance) if segments else None
    return segmentation, make_report(analysis, segments, segmentation, provenance, sr_class)


def _picture(analysis: Analysis) -> bytes | None:
    if analysis.radiograph is None:
        return None
    from pipeline.results.overlay import draw_overlay

    return draw_overlay(analysis, analysis.radiograph)
