"""What the analyses found, for the web pages, the command line and later evaluation."""

import math
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select

from storage.tables import analysis
from storage.values import AnalysisRecord

_NUMBERS = ("probability", "threshold", "area_mm2")


def add_analysis(connection: Connection, record: AnalysisRecord) -> int:
    """Keep the record of one analysis; give its number.

    Raises
    ------
    ValueError
        If a number is not finite: the databases would not keep it alike.
    """
    added = connection.execute(insert(analysis).values(**to_values(record)).returning(analysis.c.analysis_id))
    analysis_id: int = added.scalar_one()
    return analysis_id


def to_values(record: AnalysisRecord) -> dict[str, Any]:
    """Give the column values of a record.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    values["details"] = dict(record.details)
    for name in _NUMBERS:
        if values[name] is not None and not math.isfinite(values[name]):
            message = f"The {name} of an analysis must be a finite number."
            raise ValueError(message)
    return values


def latest_analysis(connection: Connection, source_instance_id: int) -> AnalysisRecord | None:
    """Give the newest analysis of a radiograph, if there is any."""
    of_radiograph = analysis.c.source_instance_id == source_instance_id
    row = connection.execute(_newest_first().where(of_radiograph).limit(1)).mappings().one_or_none()
    return None if row is None else _to_record(row)


def makers_of(connection: Connection, source_instance_id: int) -> list[tuple[str, str, int]]:
    """Give pipeline version, bundle digest and generation of all analyses of a film, each once, in order."""
    made = (analysis.c.pipeline_version, analysis.c.bundle_digest, analysis.c.generation)
    first = func.min(analysis.c.analysis_id)
    of_radiograph = select(*made).where(analysis.c.source_instance_id == source_instance_id)
    rows = connection.execute(of_radiograph.group_by(*made).order_by(first))
    return [(row[0], row[1], row[2]) for row in rows]


def count_outcomes(connection: Connection) -> dict[str, int]:
    """Count the analyses by their outcome."""
    counted = select(analysis.c.outcome, func.count().label("analyses")).group_by(analysis.c.outcome)
    return {row.outcome: row.analyses for row in connection.execute(counted)}


def list_analyses(connection: Connection, limit: int = 100) -> list[AnalysisRecord]:
    """Give the newest analyses, the newest first."""
    return [_to_record(row) for row in connection.execute(_newest_first().limit(limit)).mappings()]


def _newest_first() -> Select[Any]:
    columns = (column for column in analysis.c if column is not analysis.c.analysis_id)
    return select(*columns).order_by(analysis.c.analysis_id.desc())


def _to_record(row: RowMapping) -> AnalysisRecord:
    return AnalysisRecord(**row)
