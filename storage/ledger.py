"""The ledger: one database with the index, the queue and the history; SQLite or PostgreSQL by URL.

Every change happens in a transaction that the caller opens with ``Ledger.begin``; the functions of the
sibling modules take its connection and never commit. All errors of the database leave here as
``StorageError``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from typing import Self

from sqlalchemy import Connection, Engine

from storage.databases import BUSY_TIMEOUT_S, Clock, as_storage_error, database_now, make_engine
from storage.errors import LedgerUnavailable
from storage.schema import migrate_schema, require_schema


class Ledger:
    """An open ledger; one per process, shared by its threads.

    Attributes
    ----------
    had_retried
        By kind and destination: whether this process's last claim was a retried job (see
        ``storage.queue.claim``).
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._one_writer = Lock()
        self.had_retried: dict[tuple[str, str], bool] = {}

    @classmethod
    def open(cls, url: str, *, migrate: bool = True, clock: Clock | None = None) -> Self:
        """Open the ledger at a database URL; by default it is made or brought up to date first.

        Parameters
        ----------
        url
            ``sqlite:///relative/path``, ``sqlite:////absolute/path`` or
            ``postgresql+psycopg://user@host/name``. SQLite files belong on a local disk, never on a network
            share.
        migrate
            False refuses a ledger whose schema is old instead of migrating it.
        clock
            Replaces the database's clock.

        Raises
        ------
        SchemaTooNew
            If a newer neolung wrote the ledger.
        SchemaTooOld
            If its schema is old and ``migrate`` is False.
        LedgerUnavailable
            If the database cannot be opened.
        """
        engine = make_engine(url, clock=clock)
        try:
            with as_storage_error():
                (migrate_schema if migrate else require_schema)(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open one write transaction; it is committed on a normal exit and rolled back on an error.

        On SQLite the write lock is taken at once, so that no later statement can fail for want of it. Never
        open one inside another in the same thread.

        Raises
        ------
        StorageFailed
            If the database refuses, with ``StorageFull`` when its disk is full.
        ValueRefused
            If it would refuse the same again.
        """
        with self._turn_to_write(), as_storage_error(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only transaction that sees one state of the ledger throughout."""
        with as_storage_error(), self._engine.connect() as connection:
            connection.execution_options(read_only=True)
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def now(self, connection: Connection) -> datetime:
        """Give the present moment in UTC, by the clock that leases are measured with."""
        return database_now(connection)

    def close(self) -> None:
        """Close every idle connection."""
        self._engine.dispose()

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        # SQLite's own waiting sleeps in steps of up to 100 ms; threads of one process need not go through
        # that.
        if self._engine.dialect.name != "sqlite":
            yield
            return
        if not self._one_writer.acquire(timeout=BUSY_TIMEOUT_S):
            message = "Another thread has kept the ledger locked for too long."
            raise LedgerUnavailable(message)
        try:
            yield
        finally:
            self._one_writer.release()
