"""A private PostgreSQL server for the tests: made from nothing, reached over a socket file, thrown away.

A test that needs it is skipped, with the reason, where the server's programs are absent; with ``CI=true``
it fails.
"""

import getpass
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

_SETTINGS = (
    "listen_addresses = ''",
    "fsync = off",
    "max_connections = 60",
    "shared_buffers = '16MB'",
    "lc_messages = 'C'",
)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server that trusts whoever can see its socket."""

    programs: Path
    folder: Path

    def url(self, database: str) -> str:
        """Give the URL of one of its databases."""
        return f"postgresql+psycopg://neolung@/{database}?host={self.folder}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database and give its URL; it is dropped afterwards."""
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield self.url(name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Run a statement outside any transaction in the server's own database."""
        import psycopg

        with psycopg.connect(
            f"host={self.folder} user=neolung dbname=postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Start a server; skip the test (or fail it with ``CI=true``) where that is impossible."""
    programs = _find_programs()
    if programs is None:
        _give_up(
            "PostgreSQL's server programs (initdb, pg_ctl) are not installed: apt-get install postgresql"
        )
    folder = Path(tempfile.mkdtemp(prefix="neolung-pg-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        _as_server(
            programs / "initdb", "-D", folder / "data", "-U", "neolung", "-A", "trust", "-E", "UTF8", "-N"
        )
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write("\n".join((*_SETTINGS, f"unix_socket_directories = '{folder}'", "")))
        _as_server(programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "start")
        try:
            yield PostgresServer(programs, folder)
        finally:
            _as_server(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _find_programs() -> Path | None:
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    found = [*installed, *([Path(on_path)] if on_path else [])]
    return found[0].parent if found else None


def _as_server(program: Path, *arguments: str | Path) -> None:
    # The server refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if getpass.getuser() == "root" else []
    subprocess.run(
        [*user, program, *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "Asia/Seoul"},
    )


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests of the run."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_ledger_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a database with a ledger that the tests of the run share."""
    from storage.ledger import Ledger

    with postgres_server.database() as url:
        Ledger.open(url).close()
        yield url


@pytest.fixture
def postgres_url(postgres_ledger_url: str) -> str:
    """URL of a ledger without any row; whoever was still connected to it is thrown out."""
    from sqlalchemy import create_engine, text

    from storage.tables import metadata

    engine = create_engine(postgres_ledger_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    engine.dispose()
    return postgres_ledger_url
