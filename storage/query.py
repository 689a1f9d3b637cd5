"""The query behind C-FIND: the entries of one level that match every key (PS3.4 C.4.1).

Only the first bytes seen under a SOP Instance UID count; later variants are kept, but never found.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, RowMapping, Select, exists, select

from storage.attributes import ATTRIBUTES, TRANSFER_SYNTAX, Comparison, IndexedAttribute
from storage.conditions import condition, text_condition
from storage.counters import COUNTERS, Entry, count_related
from storage.matching import Level, Match
from storage.sequences import SEQUENCE_KEYS, gather_items, item_condition
from storage.tables import instance, series, study

_LEVELS = tuple(Level)
_ROWS_AT_ONCE = 100
_PARENT = "parent"
_TABLES: Mapping[Level, FromClause] = {
    Level.PATIENT: study,
    Level.STUDY: study,
    Level.SERIES: series,
    Level.IMAGE: instance,
}
_ROW_IDS: Mapping[Level, ColumnElement[int]] = {
    Level.PATIENT: study.c.study_row,
    Level.STUDY: study.c.study_row,
    Level.SERIES: series.c.series_row,
    Level.IMAGE: instance.c.instance_id,
}
_PARENTS: Mapping[Level, ColumnElement[Any]] = {**_ROW_IDS, Level.PATIENT: study.c.patient_key}
_COLLECTED: Mapping[str, ColumnElement[str]] = {
    "ModalitiesInStudy": series.c.modality,
    "SOPClassesInStudy": instance.c.sop_class_uid,
}


def _indexed(level: Level) -> Mapping[str, IndexedAttribute]:
    levels = _LEVELS[: _LEVELS.index(level) + 1]
    every = (*ATTRIBUTES, TRANSFER_SYNTAX)
    return {attribute.keyword: attribute for attribute in every if attribute.level in levels}


_INDEXED = {level: _indexed(level) for level in Level}

SUPPORTED_KEYS: Mapping[Level, frozenset[str]] = MappingProxyType(
    {level: COUNTERS[level].union(_INDEXED[level], SEQUENCE_KEYS[level]) for level in Level}
)
"""Keywords that ``find`` returns at each level: its own, those of the levels above, and counters."""

MATCHING_KEYS: Mapping[Level, frozenset[str]] = MappingProxyType(
    {level: SUPPORTED_KEYS[level] - (COUNTERS[level] - _COLLECTED.keys()) for level in Level}
)
"""Keywords that ``find`` matches at each level: all that it returns but the numbers of related entries."""

RELATIONAL_KEYS: Mapping[Level, frozenset[str]] = MappingProxyType(
    {level: frozenset(_INDEXED[Level.IMAGE]) - _INDEXED[level].keys() for level in Level}
)
"""Keywords of the levels below, which ``find`` matches too but does not return: some one instance below the
entry matches them all (PS3.4 C.4.1.3.2.2)."""


def find(
    connection: Connection,
    level: Level,
    matches: Mapping[str, Match],
    *,
    limit: int | None = None,
    offset: int = 0,
    newest_first: bool = False,
) -> Iterator[Entry]:
    """Give every entry of a level that matches all keys, as it is read.

    Parameters
    ----------
    connection
        Must stay open until the last entry was taken.
    matches
        By keyword, of ``MATCHING_KEYS[level]`` or ``RELATIONAL_KEYS[level]``; a key to be matched universally
        is left out. Letters count with their case, except in person names (see ``storage.names``). A time
        matches to the precision that it is given with.
    limit
        Give no more entries than this.
    offset
        Pass over so many first; only with an order does that lead through all entries.
    newest_first
        Order by the time of arrival; without it the order is the database's.

    Yields
    ------
    dict
        Every keyword of ``SUPPORTED_KEYS[level]``; None where the entry has no value. ``ModalitiesInStudy``
        and ``SOPClassesInStudy`` are joined by backslashes; sequences are tuples of items. A patient's
        attributes are those of the newest study.

    Raises
    ------
    ValueError
        If a key cannot be matched at this level, or not in this way.
    """
    statement = _statement(level, matches, connection.dialect.name)
    if newest_first:
        statement = statement.order_by(_ROW_IDS[level].desc())
    statement = statement.limit(limit).offset(offset or None)
    with connection.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE}) as result:
        for rows in result.mappings().partitions():
            yield from _entries(connection, level, rows)


def _entries(connection: Connection, level: Level, rows: Sequence[RowMapping]) -> Iterator[Entry]:
    parents = [row[_PARENT] for row in rows]
    counters = count_related(connection, level, parents)
    items = gather_items(connection, level, parents)
    for row, counted, gathered in zip(rows, counters, items, strict=True):
        entry: Entry = {**row, **counted, **gathered}
        del entry[_PARENT]
        yield entry


def _statement(level: Level, matches: Mapping[str, Match], dialect: str) -> Select[*tuple[Any, ...]]:
    below = {keyword: match for keyword, match in matches.items() if keyword in RELATIONAL_KEYS[level]}
    own = ((keyword, match) for keyword, match in matches.items() if keyword not in below)
    given = [_condition(level, keyword, match, dialect) for keyword, match in own]
    if below:
        given.append(_has_below(level, below, dialect))
    return _everything(level).where(*given)


@cache
def _everything(level: Level) -> Select[*tuple[Any, ...]]:
    columns = (
        _TABLES[attribute.level].c[attribute.column].label(keyword)
        for keyword, attribute in _INDEXED[level].items()
    )
    joined: FromClause = study
    if level is Level.SERIES:
        joined = series.join(study)
    if level is Level.IMAGE:
        joined = instance.join(series).join(study)
    return select(_PARENTS[level].label(_PARENT), *columns).select_from(joined).where(_is_visible(level))


def _condition(level: Level, keyword: str, match: Match, dialect: str) -> ColumnElement[bool]:
    if keyword not in MATCHING_KEYS[level]:
        message = f"{keyword} cannot be matched at the {level} level."
        raise ValueError(message)
    if keyword in SEQUENCE_KEYS[level]:
        return item_condition(level, keyword, match, dialect)
    if keyword in _COLLECTED:
        return _has_instance(study, text_condition(_COLLECTED[keyword], match, dialect))
    attribute = _INDEXED[level][keyword]
    given = condition(attribute, match, _TABLES[attribute.level], dialect)
    if attribute.comparison is Comparison.NAME and level in (Level.SERIES, Level.IMAGE):
        # Else SQLite would rather look at every instance than for each component group in its index.
        return series.c.study_row.in_(select(study.c.study_row).where(given).correlate(None))
    return given


def _has_below(level: Level, matches: Mapping[str, Match], dialect: str) -> ColumnElement[bool]:
    """Look for an instance below the entry that, with its series and study, matches every key."""
    of_patient = study.alias("of_patient")
    tables: Mapping[Level, FromClause] = {**_TABLES, Level.STUDY: of_patient}
    found = (_INDEXED[Level.IMAGE][keyword] for keyword in matches)
    given = [
        condition(attribute, match, tables[attribute.level], dialect)
        for attribute, match in zip(found, matches.values(), strict=True)
    ]
    if level is Level.SERIES:
        is_below = instance.c.series_row == series.c.series_row
        return exists().where(is_below, instance.c.variant == 0, *given)
    if level is Level.STUDY:
        return _has_instance(study, *given)
    of_this = of_patient.c.patient_key == study.c.patient_key
    below = of_patient.join(series).join(instance)
    return exists().select_from(below).where(of_this, instance.c.variant == 0, *given)


def _is_visible(level: Level) -> ColumnElement[bool]:
    """Leave out what holds only variants, and all but the newest study of a patient."""
    if level is Level.IMAGE:
        return instance.c.variant == 0
    if level is Level.SERIES:
        return exists().where(instance.c.series_row == series.c.series_row, instance.c.variant == 0)
    if level is Level.STUDY:
        return _has_instance(study)
    newer = study.alias("newer")
    is_outdated = exists().where(
        newer.c.patient_key == study.c.patient_key,
        newer.c.study_row > study.c.study_row,
        _has_instance(newer),
    )
    return _has_instance(study) & ~is_outdated


def _has_instance(of: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        exists()
        .select_from(series.join(instance))
        .where(series.c.study_row == of.c.study_row, instance.c.variant == 0, *conditions)
    )
