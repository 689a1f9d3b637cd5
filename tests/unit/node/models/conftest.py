"""Bundles and a registry for them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.models.store import ModelStore
from tests.support.bundles import make_tiny_bundle, sign_again
from tests.support.registry import Site, open_site


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three bundles of different versions, and so of different digests."""
    folder = tmp_path_factory.mktemp("bundles")
    first = make_tiny_bundle(folder / "tiny-0")
    made = [first, *(shutil.copytree(first, folder / f"tiny-{number}") for number in (1, 2))]
    for number, path in enumerate(made):
        sign_again(path, version=str(number))
    return made


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
def store(site: Site) -> ModelStore:
    return site.store
