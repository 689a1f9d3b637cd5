"""What the tables of the ledger are made of: kinds of column, names of constraints, moments in UTC."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.attributes import Comparison, IndexedAttribute


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC that both databases order correctly.

    PostgreSQL keeps ``timestamptz``; SQLite keeps text of fixed width without an offset, so only UTC goes in.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments and drop the offset for SQLite."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "The ledger takes moments with a time zone only."
            raise ValueError(message)
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every moment in UTC, with its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Ordered by code point on both databases, whatever the locale of the PostgreSQL database."""
ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives out row numbers only to columns declared exactly INTEGER."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def attribute_columns(attributes: tuple[IndexedAttribute, ...], *required: str) -> list[Column[object]]:
    """Make the columns of indexed attributes, with the keys of names; those ``required`` are NOT NULL."""
    columns: list[Column[object]] = []
    for attribute in attributes:
        kind: TypeEngine[Any] = Integer() if attribute.comparison is Comparison.NUMBER else TEXT
        columns.append(Column(attribute.column, kind, nullable=attribute.keyword not in required))
        columns.extend(Column(key_column, TEXT, nullable=True) for key_column in attribute.key_columns)
    return columns


def reference(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    """Make a column that points to a row of another table, ``table.column``."""
    return Column(name, ROW_ID, ForeignKey(target), nullable=nullable)


def text_column(name: str) -> Column[str]:
    """Make a column of text that is never NULL."""
    return Column(name, TEXT, nullable=False)


def partial_index(name: str | None, *columns: str | ColumnElement[object], where: str) -> Index:
    """Make an index over the rows that a condition picks."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))
