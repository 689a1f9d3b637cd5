"""The ledger's schema: made, brought up to date, or refused when it is not ours to use."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from storage.databases import BUSY_TIMEOUT_S
from storage.errors import SchemaTooNew, SchemaTooOld
from storage.tables import SCHEMA_VERSION

_VERSION_TABLE = "neolung_schema"
_MIGRATION_LOCK = 0x6E656F6C756E67
"""Number of PostgreSQL's advisory lock; the bytes spell the product's name."""
_RETRY_S = 0.02


def migrate_schema(engine: Engine) -> None:
    """Make the schema, or bring it up to date; several processes may call this at once.

    Raises
    ------
    SchemaTooNew
        If a newer neolung wrote the ledger; nothing is changed.
    """
    if _is_current(engine):
        return
    if engine.dialect.name == "sqlite":
        _switch_to_wal(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
        _upgrade(connection)


def require_schema(engine: Engine) -> None:
    """Refuse a ledger whose schema is not exactly this version's.

    Raises
    ------
    SchemaTooNew, SchemaTooOld
    """
    if not _is_current(engine):
        message = "The ledger has not been brought up to date; start the node once, which does it."
        raise SchemaTooOld(message)


def _is_current(engine: Engine) -> bool:
    with engine.connect().execution_options(read_only=True) as connection:
        return _version(connection) == SCHEMA_VERSION


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSION_TABLE):
        return None
    version: str | None = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()
    if version is not None and not version <= SCHEMA_VERSION:
        message = (
            f"A newer neolung wrote the ledger: its schema is {version}, known here is {SCHEMA_VERSION}. "
            "Install that version again, or go back to a backup of the ledger."
        )
        raise SchemaTooNew(message)
    return version


def _switch_to_wal(engine: Engine) -> None:
    # The switch needs the file alone for a moment and does not wait for its turn by itself.
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _upgrade(connection: Connection) -> None:
    # Alembic takes a tenth of a second to load; an up-to-date ledger never needs it.
    from alembic import command
    from alembic.config import Config

    if _version(connection) == SCHEMA_VERSION:
        return
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = _VERSION_TABLE
    command.upgrade(config, "head")
