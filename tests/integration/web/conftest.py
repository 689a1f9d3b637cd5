from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web import WebNode, web_node


@pytest.fixture
def web(tmp_path: Path) -> Iterator[WebNode]:
    """Give a node of its own to each test."""
    with web_node(tmp_path) as running:
        yield running
