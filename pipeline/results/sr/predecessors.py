"""References between documents: which composites one rests on, and which it replaces (PS3.3 C.17.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import Dataset


@dataclass(frozen=True, slots=True, order=True)
class DocumentReference:
    """Where one composite object is to be found."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str


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
