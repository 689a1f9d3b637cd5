from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.network import ListeningNode, listening_node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ListeningNode]:
    """Give a node of its own to each test."""
    with listening_node(tmp_path) as running:
        yield running
