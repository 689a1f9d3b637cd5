"""A node that holds films, and an export of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.export.command import Wish, export
from node.export.report import Report
from tests.support.work import Desk, open_desk

Run = Callable[..., Report]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_desk(tmp_path / "node")
    yield desk
    desk.ledger.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def run(desk: Desk, out: Path) -> Run:
    """Export what the node holds; keywords are those of `Wish`."""

    def run(folder: Path = out, **wish: object) -> Report:
        return export(desk.config, folder, Wish(**wish))  # type: ignore[arg-type]

    return run
