"""Stores for the tests of the loops."""

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.postgres import postgres_ledger_url, postgres_server, postgres_url
from tests.support.work import Desk, open_desk

__all__ = ["postgres_ledger_url", "postgres_server", "postgres_url"]

# Ray is an extra that the development environment does without.
collect_ignore = [] if find_spec("ray") else ["test_ray_executor.py"]

PACS = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on either database, with one destination."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    desk = open_desk(tmp_path / "var", url, destinations=[PACS])
    yield desk
    desk.ledger.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk on SQLite, with one destination."""
    opened = open_desk(tmp_path / "var", destinations=[PACS])
    yield opened
    opened.ledger.close()
