"""What differs between SQLite and PostgreSQL: engines, clocks, inserts that meet a known row, errors."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, Insert, Table, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
    StatementError,
)

from storage.errors import LedgerUnavailable, StorageFailed, StorageFull, ValueRefused

Clock = Callable[[], datetime]
"""Gives the present moment in UTC."""

BUSY_TIMEOUT_S = 30.0
"""How long a writer waits for the one before it."""

_POOL = {"pool_size": 5, "max_overflow": 20, "pool_timeout": BUSY_TIMEOUT_S}
_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}",
    # FULL: a committed transaction survives a power cut, not only a crash of the process.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -32768",
)
_POSTGRESQL_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
_POSTGRESQL_DISK_FULL = "53100"
_NO_CODE = "(no code)"
_REFUSALS = {
    "SQLITE_BUSY": "Another process has kept the ledger locked for too long.",
    "SQLITE_CANTOPEN": "The ledger cannot be opened: it must be a file in a folder that may be written.",
    "SQLITE_CORRUPT": "The ledger is damaged; go back to a backup of it.",
    "SQLITE_NOTADB": "The ledger's file is no SQLite database; name another, or go back to a backup.",
    "SQLITE_READONLY": "The ledger may not be written; check the owner of its file and folder.",
    _NO_CODE: "The ledger's database cannot be reached, or does not let this node in; check ledger.url.",
}
_POSTGRESQL_WAITS = {
    "connect_timeout": 10,
    # A server that is cut off says nothing; without these it would be waited for a quarter of an hour.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 30_000,
}
"""Options of libpq, in seconds, the last one in milliseconds; the URL may set others."""


def make_engine(url: str, *, clock: Clock | None = None) -> Engine:
    """Make the engine for a database URL; nothing but the folder of a new SQLite file is made yet.

    Raises
    ------
    LedgerUnavailable
        If the URL is none of ours, or its driver is not installed.
    """
    try:
        database = make_url(url)
    except ArgumentError:
        message = "The ledger's URL cannot be read; it looks like sqlite:///var/ledger.sqlite."
        raise LedgerUnavailable(message) from None
    if database.get_backend_name() == "sqlite" and database.database:
        return _sqlite_engine(database, clock)
    if database.get_backend_name() == "postgresql":
        return _postgresql_engine(database, clock)
    message = f"The ledger is an SQLite file or a PostgreSQL database, not {database.get_backend_name()}."
    raise LedgerUnavailable(message)


def _sqlite_engine(database: URL, clock: Clock | None) -> Engine:
    folder = Path(str(database.database)).parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"The folder of the ledger, {folder}, cannot be made: {error.strerror}."
        raise LedgerUnavailable(message) from error
    engine = create_engine(database, **_POOL, **_options(clock))
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql_engine(database: URL, clock: Clock | None) -> Engine:
    waits = {name: value for name, value in _POSTGRESQL_WAITS.items() if name not in database.query}
    try:
        engine = create_engine(
            database.set(drivername="postgresql+psycopg"),
            connect_args=waits,
            pool_pre_ping=True,
            **_POOL,
            **_options(clock),
        )
    except (ImportError, NoSuchModuleError) as error:
        message = "A PostgreSQL ledger needs psycopg: pip install -e '.[postgres]' in neolung's folder."
        raise LedgerUnavailable(message) from error
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _options(clock: Clock | None) -> dict[str, Any]:
    return {
        # Parameters hold patient data; they must not end up in a message.
        "hide_parameters": True,
        "json_serializer": partial(json.dumps, allow_nan=False, ensure_ascii=False),
        "execution_options": {"clock": clock},
    }


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions late and without the write lock; _begin_sqlite does it instead.
    connection.isolation_level = None
    for pragma in _SQLITE_PRAGMAS:
        connection.execute(pragma).close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = bool(connection.get_execution_options().get("read_only"))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(read_only)}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL_DURABLE)
    connection.commit()


def database_now(connection: Connection) -> datetime:
    """Give the present moment in UTC: PostgreSQL's own clock, one for all hosts; the machine's on SQLite."""
    clock: Clock | None = connection.get_execution_options().get("clock")
    if clock is not None:
        return clock()
    if connection.dialect.name == "postgresql":
        moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC)
    return datetime.now(UTC)


def insert_new(connection: Connection, table: Table, returning: Column[int] | None = None) -> Insert:
    """Give an INSERT that leaves rows alone whose unique keys are there already.

    Execute it with the values as parameters: the statement is made once and kept.
    """
    return _insert_new(connection.dialect.name, table, returning)


@cache
def _insert_new(dialect: str, table: Table, returning: Column[int] | None) -> Insert:
    # Loaded when needed: PostgreSQL's takes 20 ms, a tenth of what opening a ledger may take.
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        statement: Insert = postgresql.insert(table).on_conflict_do_nothing()
    else:
        from sqlalchemy.dialects import sqlite

        statement = sqlite.insert(table).on_conflict_do_nothing()
    return statement if returning is None else statement.returning(returning)


@contextmanager
def as_storage_error() -> Iterator[None]:
    """Turn every error of the database into ours, without the values that it may quote."""
    try:
        yield
    except (DataError, IntegrityError) as error:
        message = f"The ledger does not take a value: {type(error.orig).__name__} {_code(error.orig)}."
        raise ValueRefused(message) from None
    except DBAPIError as error:
        raise _refusal(error.orig) from None
    except StatementError as error:
        # A value that never reached the database is the caller's mistake.
        raise (error.orig or error) from None
    except SQLAlchemyError as error:
        message = f"The ledger failed: {type(error).__name__}."
        raise LedgerUnavailable(message) from None


def _refusal(original: BaseException | None) -> StorageFailed:
    code = _code(original)
    if code in {"SQLITE_FULL", _POSTGRESQL_DISK_FULL}:
        return StorageFull("The disk of the ledger is full; free some space on it.")
    if code in _REFUSALS:
        return LedgerUnavailable(_REFUSALS[code])
    return LedgerUnavailable(f"The ledger's database refused: {type(original).__name__} {code}.")


def _code(original: object) -> str:
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    return str(code or _NO_CODE)
