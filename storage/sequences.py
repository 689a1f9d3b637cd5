"""Sequences of the index: coded attributes and requests, matched item by item (PS3.4 C.2.2.2.6).

The items of an instance are rows of one table. A sequence that describes a series or a study is gathered from
all instances below it, each different item once.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, exists, func, select

from storage.attributes import ITEM_ATTRIBUTES, to_columns
from storage.conditions import condition
from storage.counters import Entry
from storage.matching import Item, Level, Match
from storage.tables import instance, sequence_item, series, study
from storage.values import Attributes, Items

MOST_ITEMS = 32
"""Items kept of one sequence; more are no description of one radiograph."""

CODE = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")
REQUEST = (
    "AccessionNumber",
    "RequestedProcedureID",
    "RequestedProcedureDescription",
    "ScheduledProcedureStepID",
    "ScheduledProcedureStepDescription",
)


@dataclass(frozen=True, slots=True)
class IndexedSequence:
    """One sequence of the index.

    Attributes
    ----------
    keyword, level
        The key of C-FIND and the level at which it is matched and returned.
    keys
        Keywords of an item's attributes.
    source
        Keyword of the sequence in the instances.
    """

    keyword: str
    level: Level
    keys: tuple[str, ...]
    source: str


SEQUENCES = (
    IndexedSequence("ProcedureCodeSequence", Level.STUDY, CODE, "ProcedureCodeSequence"),
    IndexedSequence("AnatomicRegionsInStudyCodeSequence", Level.STUDY, CODE, "AnatomicRegionSequence"),
    IndexedSequence("RequestAttributesSequence", Level.SERIES, REQUEST, "RequestAttributesSequence"),
    IndexedSequence("AnatomicRegionSequence", Level.IMAGE, CODE, "AnatomicRegionSequence"),
    IndexedSequence("ConceptNameCodeSequence", Level.IMAGE, CODE, "ConceptNameCodeSequence"),
)

SEQUENCE_KEYS: Mapping[Level, Mapping[str, IndexedSequence]] = MappingProxyType(
    {level: {each.keyword: each for each in SEQUENCES if each.level is level} for level in Level}
)
"""The sequences that are matched and returned at each level, by keyword."""

SOURCE_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType({each.source: each.keys for each in SEQUENCES})
"""The sequences that are read from instances, and the attributes of their items that are kept."""

_ATTRIBUTES = {attribute.keyword: attribute for attribute in ITEM_ATTRIBUTES}
_PARENTS: Mapping[Level, ColumnElement[Any]] = {
    Level.STUDY: study.c.study_row,
    Level.SERIES: series.c.series_row,
    Level.IMAGE: instance.c.instance_id,
}


def to_item_rows(attributes: Attributes, instance_id: int) -> list[dict[str, Any]]:
    """Give the rows of all items of an instance; items without any kept attribute have none."""
    return [
        {"instance_id": instance_id, "sequence": source, **columns}
        for source, keys in SOURCE_KEYS.items()
        for item in _items(attributes, source)
        if any((columns := _to_row(item, keys)).values())
    ]


def item_condition(level: Level, keyword: str, wanted: Match, dialect: str) -> ColumnElement[bool]:
    """Give the condition that a study, series or instance has an item that matches every key.

    Raises
    ------
    ValueError
        If an attribute of the item is none of the index, or no item is given.
    """
    sequence = SEQUENCE_KEYS[level][keyword]
    if not isinstance(wanted, Item):
        message = f"{keyword} is a sequence; it is matched by an item."
        raise ValueError(message)  # noqa: TRY004 - as for all other kinds of matching
    unknown = sorted(wanted.matches.keys() - set(sequence.keys))
    if unknown:
        message = f"{', '.join(unknown)} cannot be matched in {keyword}."
        raise ValueError(message)
    given = (
        condition(_ATTRIBUTES[key], match, sequence_item, dialect) for key, match in wanted.matches.items()
    )
    has_item = exists().where(sequence_item.c.sequence == sequence.source, *given)
    if level is Level.IMAGE:
        return has_item.where(sequence_item.c.instance_id == instance.c.instance_id)
    has_item = has_item.where(instance.c.variant == 0)
    if level is Level.SERIES:
        below: FromClause = sequence_item.join(instance)
        return has_item.select_from(below).where(instance.c.series_row == series.c.series_row)
    below = sequence_item.join(instance).join(series)
    return has_item.select_from(below).where(series.c.study_row == study.c.study_row)


def gather_items(connection: Connection, level: Level, parents: Sequence[object]) -> Iterable[Entry]:
    """Give the items of studies, series (by row) or instances, in the order given; None without any."""
    sequences = SEQUENCE_KEYS[level].values()
    if not sequences:
        return ({} for _ in parents)
    found = _gather(connection, _PARENTS[level], parents)
    return ({each.keyword: found.get((parent, each.source)) for each in sequences} for parent in parents)


def _gather(
    connection: Connection, parent: ColumnElement[object], parents: Sequence[object]
) -> Mapping[tuple[object, str], Items]:
    columns = [sequence_item.c[attribute.column].label(key) for key, attribute in _ATTRIBUTES.items()]
    key = (parent.label("parent"), sequence_item.c.sequence)
    statement = (
        select(*key, *columns)
        .select_from(study.join(series).join(instance).join(sequence_item))
        .where(parent.in_(parents), instance.c.variant == 0)
        .group_by(parent, sequence_item.c.sequence, *(column.element for column in columns))
        .order_by(func.min(sequence_item.c.item_row))
    )
    gathered: defaultdict[tuple[object, str], list[Mapping[str, str | None]]] = defaultdict(list)
    for row in connection.execute(statement).mappings():
        kept = SOURCE_KEYS.get(row["sequence"], ())
        gathered[row["parent"], row["sequence"]].append({each: row[each] for each in kept})
    return {of: tuple(items) for of, items in gathered.items()}


def _items(attributes: Attributes, source: str) -> Items:
    items = attributes.get(source)
    return items[:MOST_ITEMS] if isinstance(items, tuple) else ()


def _to_row(item: Mapping[str, str | None], keys: Sequence[str]) -> dict[str, str | int | None]:
    row: dict[str, str | int | None] = {attribute.column: None for attribute in ITEM_ATTRIBUTES}
    for key in keys:
        row |= to_columns(_ATTRIBUTES[key], item.get(key))
    return row
