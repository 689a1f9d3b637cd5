"""The summary of a study: one TID 1500 report over the reports of its films, the latest film first.

It is put together from the films' own reports, so it says of each film exactly what that film's report says,
whichever models made it. Only pydicom is needed.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import UID

from pipeline import codes
from pipeline.errors import UnsupportedInstance
from pipeline.results.elements import put
from pipeline.results.predecessors import DocumentReference, name_predecessors, refer_to, reference
from pipeline.results.text import UTF_8
from pipeline.results.uids import result_uid

SERIES_NUMBER = 9008
_SERIES_DESCRIPTION = "AI RDS study summary (RESEARCH)"
_MEASUREMENTS = Code("126010", "DCM", "Imaging Measurements")
_OTHERS = "Films of the study that were not judged are not part of this summary; their own reports say why."


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One film of the summary.

    Attributes
    ----------
    report
        The film's own report, a Comprehensive 3D SR of this software.
    moment
        When the film was taken, ``YYYYMMDDHHMMSS`` with or without a fraction; "" when that is not known.
    """

    report: Dataset
    moment: str


def summary_uid(reports: Sequence[str]) -> str:
    """Derive the SOP Instance UID of the summary over reports, whatever their order."""
    return result_uid("\n".join(sorted(reports)), "", "summary")


def make_summary(
    members: Sequence[Member], made_at: datetime, former: Sequence[DocumentReference] = ()
) -> Dataset:
    """Make the summary of a study.

    Parameters
    ----------
    members
        Two or more, the film that leads first.
    made_at
        Date of the document, timezone-aware, in the offset in which it is to be written.
    former
        The summary that this one replaces, if there is one.

    Raises
    ------
    UnsupportedInstance
        If a report is not one of ours.
    """
    lead = members[0].report
    reports = [member.report for member in members]
    uid = summary_uid([str(report.SOPInstanceUID) for report in reports])
    summary = deepcopy(lead)
    _identify(
        summary, uid, made_at, is_unicode=len({str(r.get("SpecificCharacterSet")) for r in reports}) > 1
    )
    summary.ContributingEquipmentSequence = _equipment(reports)
    summary.CurrentRequestedProcedureEvidenceSequence = refer_to([_film(report) for report in reports])
    summary.PertinentOtherEvidenceSequence = refer_to([reference(report) for report in reports])
    summary.pop("CodingSchemeIdentificationSequence", None)  # only areas of lungs need our own scheme
    summary.pop("PredecessorDocumentsSequence", None)
    name_predecessors(summary, former)
    summary.ContentSequence = list(_content(members))
    return summary


def films_in(summary: Dataset) -> set[str]:
    """Give the SOP Instance UIDs of the films that a summary is about."""
    return {
        str(item.ReferencedSOPInstanceUID)
        for study in summary.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    }


def _identify(summary: Dataset, uid: str, made_at: datetime, *, is_unicode: bool) -> None:
    if is_unicode:
        summary.SpecificCharacterSet = UTF_8
    summary.SOPInstanceUID = summary.file_meta.MediaStorageSOPInstanceUID = UID(uid)
    summary.SeriesInstanceUID = result_uid(uid, "", "summary/series")
    summary.SeriesNumber, summary.SeriesDescription = SERIES_NUMBER, _SERIES_DESCRIPTION
    for moment in ("InstanceCreation", "Series", "Content"):
        put(summary, f"{moment}Date", f"{made_at:%Y%m%d}")
        put(summary, f"{moment}Time", f"{made_at:%H%M%S.%f}")


def _equipment(reports: Sequence[Dataset]) -> list[Dataset]:
    """Name each detector and each model once, as the latest report that has it names it."""
    found: dict[tuple[str, ...], Dataset] = {}
    for report in reports:
        for item in report.get("ContributingEquipmentSequence", []):
            keys = ("DeviceUID", "Manufacturer", "ManufacturerModelName", "DeviceSerialNumber")
            found.setdefault(tuple(str(item.get(key, "")) for key in keys), item)
    return list(found.values())


def _content(members: Sequence[Member]) -> Iterator[Dataset]:
    """Yield the rows of the lead's report, with every film's library entry and RDS group in their places."""
    for row in members[0].report.ContentSequence:
        if _is_named(row, codes.IMAGE_LIBRARY):
            yield _with_children(row, [_library_group(members)])
        elif _is_named(row, _MEASUREMENTS):
            yield _with_children(row, [_rds_group(member.report) for member in members])
        elif not (_is_named(row, codes.CONCLUSION) or _is_named(row, codes.COMMENT)):
            yield row
    yield _text(codes.CONCLUSION, _first_sentence(members))
    for member in members[1:]:
        yield _text(codes.COMMENT, f"Before, {_when(member)}: {_conclusion(member.report)}")
    yield _text(codes.COMMENT, _OTHERS)
    for disclaimer in dict.fromkeys(_disclaimer(member.report) for member in members):
        yield _text(codes.COMMENT, disclaimer)


def _library_group(members: Sequence[Member]) -> Dataset:
    first = _child(_child(members[0].report, codes.IMAGE_LIBRARY), codes.IMAGE_LIBRARY_GROUP)
    return _with_children(first, [_library_entry(member) for member in members])


def _library_entry(member: Member) -> Dataset:
    """Take a film's entry and say when the film was taken (TID 1602)."""
    entry: Dataset = deepcopy(_film_entry(member.report))
    if member.moment:
        day, time = member.moment[:8], member.moment[8:]
        entry.ContentSequence.append(_moment("DATE", codes.ACQUISITION_DATE, "Date", day))
        entry.ContentSequence.append(_moment("TIME", codes.ACQUISITION_TIME, "Time", time))
    return entry


def _film_entry(report: Dataset) -> Dataset:
    library = _child(report, codes.IMAGE_LIBRARY)
    entry: Dataset = _child(library, codes.IMAGE_LIBRARY_GROUP).ContentSequence[0]
    return entry


def _moment(value_type: str, name: Code, keyword: str, value: str) -> Dataset:
    row = _named(name, value_type, "HAS ACQ CONTEXT")
    put(row, keyword, value)
    return row


def _rds_group(report: Dataset) -> Dataset:
    """Find the group whose finding is RDS; a film's report has exactly one."""
    for group in _child(report, _MEASUREMENTS).ContentSequence:
        found = [
            row.ConceptCodeSequence[0].CodeValue
            for row in group.ContentSequence
            if "ConceptCodeSequence" in row
        ]
        if codes.RDS.value in found:
            copied: Dataset = deepcopy(group)
            return copied
    raise UnsupportedInstance("a report without an RDS group cannot be part of a summary")


def _film(report: Dataset) -> DocumentReference:
    """Find the film of a report in its evidence; its SEG stands there too."""
    film = _film_entry(report).ReferencedSOPSequence[0]
    for study in report.CurrentRequestedProcedureEvidenceSequence:
        for series in study.ReferencedSeriesSequence:
            if any(
                item.ReferencedSOPInstanceUID == film.ReferencedSOPInstanceUID
                for item in series.ReferencedSOPSequence
            ):
                uids = (study.StudyInstanceUID, series.SeriesInstanceUID)
                return DocumentReference(*map(str, (*uids, *_sop(film))))
    raise UnsupportedInstance("a report without its film in the evidence cannot be part of a summary")


def _sop(item: Dataset) -> tuple[str, str]:
    return str(item.ReferencedSOPClassUID), str(item.ReferencedSOPInstanceUID)


def _first_sentence(members: Sequence[Member]) -> str:
    lead = members[0]
    return f"Latest of {len(members)} films that were judged, {_when(lead)}: {_conclusion(lead.report)}"


def _when(member: Member) -> str:
    m = member.moment
    return f"taken {m[:4]}-{m[4:6]}-{m[6:8]} {m[8:10]}:{m[10:12]}" if m else "taken at an unknown time"


def _conclusion(report: Dataset) -> str:
    return str(_child(report, codes.CONCLUSION).TextValue)


def _disclaimer(report: Dataset) -> str:
    """Give the last comment, which is the models' own disclaimer."""
    comments = [row for row in report.ContentSequence if _is_named(row, codes.COMMENT)]
    return str(comments[-1].TextValue) if comments else ""


def _child(parent: Dataset, name: Code) -> Dataset:
    for row in parent.get("ContentSequence", []):
        if _is_named(row, name):
            found: Dataset = row
            return found
    raise UnsupportedInstance(f"a report without {name.meaning} cannot be part of a summary")


def _is_named(row: Dataset, name: Code) -> bool:
    return bool(row.ConceptNameCodeSequence[0].CodeValue == name.value)


def _with_children(row: Dataset, children: Sequence[Dataset]) -> Dataset:
    filled = deepcopy(row)
    filled.ContentSequence = list(children)
    return filled


def _text(name: Code, text: str) -> Dataset:
    row = _named(name, "TEXT", "CONTAINS")
    row.TextValue = text
    return row


def _named(name: Code, value_type: str, relationship: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
        name.value,
        name.scheme_designator,
        name.meaning,
    )
    row = Dataset()
    row.RelationshipType, row.ValueType, row.ConceptNameCodeSequence = relationship, value_type, [code]
    return row
