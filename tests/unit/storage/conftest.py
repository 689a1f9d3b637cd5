"""Ledgers for the tests of storage: every test runs on SQLite and on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage.ledger import Ledger
from tests.support.postgres import PostgresServer, postgres_ledger_url, postgres_server, postgres_url

__all__ = ["postgres_ledger_url", "postgres_server", "postgres_url"]

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@dataclass
class HandClock:
    """A clock that goes only when told, long ago: real clocks of other processes are ahead of it."""

    moment: datetime = field(default_factory=lambda: datetime(2020, 3, 1, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, by: timedelta) -> None:
        self.moment += by


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of an empty ledger, to copy from."""
    template = tmp_path_factory.mktemp("template") / "ledger.sqlite"
    Ledger.open(f"sqlite:///{template}").close()
    return template


@pytest.fixture(params=BOTH)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty ledger on either database."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return url
    template: Path = request.getfixturevalue("sqlite_template")
    return f"sqlite:///{shutil.copy(template, tmp_path)}"


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new folder' / 'ledger.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


@pytest.fixture
def ledger(ledger_url: str, clock: HandClock) -> Iterator[Ledger]:
    """An empty ledger whose clock the test moves."""
    opened = Ledger.open(ledger_url, clock=clock)
    yield opened
    opened.close()


class _RollBack(Exception):
    pass


@pytest.fixture(scope="session", params=BOTH)
def shared_ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A ledger that keeps no row: for tests in one transaction that is taken back."""
    with ExitStack() as stack:
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            url = stack.enter_context(server.database())
        else:
            folder = request.getfixturevalue("tmp_path_factory").mktemp("shared")
            url = f"sqlite:///{folder / 'ledger.sqlite'}"
        opened = Ledger.open(url)
        stack.callback(opened.close)
        yield opened


@pytest.fixture
def connection(shared_ledger: Ledger) -> Iterator[Connection]:
    """A write transaction on either database that is rolled back after the test."""
    with suppress(_RollBack), shared_ledger.begin() as opened:
        yield opened
        raise _RollBack
