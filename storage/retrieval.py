"""The query behind C-MOVE, C-GET and WADO: which instances hang below given patients, studies or series."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection

from storage.conditions import text_condition
from storage.instances import STORED, to_stored
from storage.matching import Level, OneOf
from storage.tables import instance, series, study
from storage.values import StoredInstance

UNIQUE_KEYS: Mapping[Level, str] = {
    Level.PATIENT: "PatientID",
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.IMAGE: "SOPInstanceUID",
}
"""Keyword of the unique key of each level (PS3.4 C.6)."""

_COLUMNS: Mapping[str, ColumnElement[str]] = {
    "PatientID": study.c.patient_id,
    "StudyInstanceUID": study.c.study_instance_uid,
    "SeriesInstanceUID": series.c.series_instance_uid,
    "SOPInstanceUID": instance.c.sop_instance_uid,
}


def instances(
    connection: Connection, level: Level, keys: Mapping[str, Sequence[str]]
) -> list[StoredInstance]:
    """Give every instance of the named entries of a level: the first bytes seen under each UID.

    Parameters
    ----------
    keys
        Values of unique keys by keyword: that of the level, and any of the levels above, which must match
        too. Several values of one key are alternatives.

    Returns
    -------
    list of StoredInstance
        By study and series, each in the order of arrival; the same call gives the same order.

    Raises
    ------
    ValueError
        If the unique key of the level is not among the keys, or another key is none of ``UNIQUE_KEYS``.
    """
    if not keys.get(UNIQUE_KEYS[level]):
        message = f"{UNIQUE_KEYS[level]} is needed at the {level} level."
        raise ValueError(message)
    unknown = sorted(keys.keys() - _COLUMNS.keys())
    if unknown:
        message = f"{', '.join(unknown)}: no unique key of the information model."
        raise ValueError(message)
    dialect = connection.dialect.name
    given = [
        text_condition(_COLUMNS[keyword], OneOf(tuple(values)), dialect) for keyword, values in keys.items()
    ]
    ordered = STORED.where(instance.c.variant == 0, *given).order_by(
        study.c.study_row, series.c.series_row, instance.c.instance_id
    )
    return [to_stored(row) for row in connection.execute(ordered).mappings()]
