"""References between documents: which composites one rests on, and which it replaces (PS3.3 C.17.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from pipeline.results.options import CHARSETS, Charset, in_charset
from pipeline.results.uids import result_uid

REPORT_KIND = "sr/comprehensive-3d"
"""What the UIDs of films' reports are derived from."""


@dataclass(frozen=True, slots=True, order=True)
class DocumentReference:
    """Where one composite object is to be found."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Maker:
    """What made a report.

    Attributes
    ----------
    version
        Of the pipeline.
    generation
        How often the film had been asked for again.
    """

    version: str
    bundle_digest: str
    generation: int = 0


@dataclass(frozen=True, slots=True)
class Past:
    """What a film was told before.

    Attributes
    ----------
    makers
        Of its reports, in the order in which they first reported.
    reports
        SOP Instance UIDs of its reports.
    """

    makers: tuple[Maker, ...] = ()
    reports: frozenset[str] = frozenset()


NO_PAST = Past()


def maker_before(makers: Sequence[Maker], own: Maker) -> Maker | None:
    """Choose whose report a new one replaces.

    Parameters
    ----------
    makers
        Of all reports of the film, in the order in which they first reported. The answer depends on nothing
        that comes after ``own`` among them, so that a report that is made again has the same bytes.
    """
    before = makers[: makers.index(own)] if own in makers else makers
    return before[-1] if before else None


def report_before(
    past: Past, own: Maker, report: Dataset, film_uid: str, charset: Charset
) -> DocumentReference | None:
    """Refer to the report that a new one replaces, if there is one: in its character set, or in another."""
    former = maker_before(past.makers, own)
    if former is None:
        return None
    charsets: list[Charset] = [charset, *(other for other in CHARSETS if other != charset)]
    made = (report_of(former, report, film_uid, each) for each in charsets)
    return next((one for one in made if one.sop_instance_uid in past.reports), None)


def report_of(maker: Maker, report: Dataset, film_uid: str, charset: Charset) -> DocumentReference:
    """Refer to the report that another maker made of the same film, in the same character set."""
    uid, series = (
        result_uid(
            film_uid,
            maker.bundle_digest,
            in_charset(kind, charset),
            version=maker.version,
            generation=maker.generation,
        )
        for kind in (REPORT_KIND, f"{REPORT_KIND}/series")
    )
    return DocumentReference(str(report.StudyInstanceUID), series, str(Comprehensive3DSRStorage), uid)


def reference(document: Dataset) -> DocumentReference:
    """Refer to an object."""
    return DocumentReference(
        str(document.StudyInstanceUID),
        str(document.SeriesInstanceUID),
        str(document.SOPClassUID),
        str(document.SOPInstanceUID),
    )


def refer_to(references: Sequence[DocumentReference]) -> list[Dataset]:
    """Make the items of a Hierarchical SOP Instance Reference Macro (PS3.3 C.17.2.1), each object once."""
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for one in dict.fromkeys(references):
        series = studies.setdefault(one.study_instance_uid, {}).setdefault(one.series_instance_uid, [])
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.sop_class_uid, one.sop_instance_uid
        series.append(item)
    return [_study(uid, series) for uid, series in studies.items()]


def _study(uid: str, series: dict[str, list[Dataset]]) -> Dataset:
    study = Dataset()
    study.StudyInstanceUID = uid
    study.ReferencedSeriesSequence = []
    for series_uid, items in series.items():
        entry = Dataset()
        entry.SeriesInstanceUID, entry.ReferencedSOPSequence = series_uid, items
        study.ReferencedSeriesSequence.append(entry)
    return study


def name_predecessors(document: Dataset, former: Sequence[DocumentReference]) -> None:
    """Say which documents this one replaces, in Predecessor Documents Sequence (0040,A360)."""
    if former:
        document.PredecessorDocumentsSequence = refer_to(former)
