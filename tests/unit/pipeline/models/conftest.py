"""One tiny bundle a test run, and copies of it to damage."""

import shutil
from pathlib import Path

import pytest

from tests.support.bundles import make_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two small random networks; do not change it."""
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def damaged(tiny_bundle: Path, tmp_path: Path) -> Path:
    """A copy of the tiny bundle to be damaged."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))
