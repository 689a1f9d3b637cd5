"""Additional query attributes (PS3.4 C.3.4): counted and collected when asked, not stored."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, func, select

from storage.matching import Level
from storage.tables import instance, series, study
from storage.values import Items

Entry = dict[str, str | int | Items | None]
"""One match by keyword."""

COUNTERS: Mapping[Level, frozenset[str]] = {
    Level.PATIENT: frozenset(
        {"NumberOfPatientRelatedStudies", "NumberOfPatientRelatedSeries", "NumberOfPatientRelatedInstances"}
    ),
    Level.STUDY: frozenset(
        {
            "ModalitiesInStudy",
            "NumberOfStudyRelatedInstances",
            "NumberOfStudyRelatedSeries",
            "SOPClassesInStudy",
        }
    ),
    Level.SERIES: frozenset({"NumberOfSeriesRelatedInstances"}),
    Level.IMAGE: frozenset(),
}
"""Keywords that ``count_related`` gives at each level."""

_PARENTS: Mapping[Level, ColumnElement[object]] = {
    Level.PATIENT: study.c.patient_key,
    Level.STUDY: study.c.study_row,
    Level.SERIES: series.c.series_row,
}


@dataclass(slots=True)
class _Related:
    """What hangs below one patient, study or series."""

    studies: set[int] = field(default_factory=set)
    series: set[int] = field(default_factory=set)
    modalities: set[str] = field(default_factory=set)
    sop_classes: set[str] = field(default_factory=set)
    instances: int = 0


def count_related(connection: Connection, level: Level, parents: Sequence[object]) -> Iterable[Entry]:
    """Give the counters of patients (by patient key), studies or series (by row), in the order given."""
    if level is Level.IMAGE:
        return ({} for _ in parents)
    related = _related(connection, _PARENTS[level], parents)
    return (_as_entry(level, related[parent]) for parent in parents)


def _related(
    connection: Connection, parent: ColumnElement[object], parents: Sequence[object]
) -> Mapping[object, _Related]:
    below = (parent, study.c.study_row, series.c.series_row, series.c.modality, instance.c.sop_class_uid)
    counted = (
        select(*below, func.count())
        .select_from(study.join(series).join(instance))
        .where(parent.in_(parents), instance.c.variant == 0)
        .group_by(*below)
    )
    related: defaultdict[object, _Related] = defaultdict(_Related)
    for key, study_row, series_row, modality, sop_class_uid, instances in connection.execute(counted):
        entry = related[key]
        entry.studies.add(study_row)
        entry.series.add(series_row)
        entry.sop_classes.add(sop_class_uid)
        entry.instances += instances
        if modality is not None:
            entry.modalities.add(modality)
    return related


def _as_entry(level: Level, related: _Related) -> Entry:
    if level is Level.PATIENT:
        return {
            "NumberOfPatientRelatedStudies": len(related.studies),
            "NumberOfPatientRelatedSeries": len(related.series),
            "NumberOfPatientRelatedInstances": related.instances,
        }
    if level is Level.STUDY:
        return {
            "ModalitiesInStudy": "\\".join(sorted(related.modalities)),
            "NumberOfStudyRelatedInstances": related.instances,
            "NumberOfStudyRelatedSeries": len(related.series),
            "SOPClassesInStudy": "\\".join(sorted(related.sop_classes)),
        }
    return {"NumberOfSeriesRelatedInstances": related.instances}
