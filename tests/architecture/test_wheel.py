"""The wheel holds the four packages and their data, and nothing else."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
DATA = (
    "node/demo/films/child-clear.dcm",
    "pipeline/bundles/reference/manifest.json",
    "pipeline/bundles/reference/segmenter.safetensors",
    "storage/migrations/versions/v0001_first_tables.py",
    "storage/py.typed",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("neolung-*.whl")
    with ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_has_the_four_packages_and_no_other(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name.split("/")[0]}

    assert tops == {"node", "pipeline", "storage", "train"}


@pytest.mark.parametrize("name", DATA)
def test_the_wheel_carries_data_that_the_program_reads(names: list[str], name: str) -> None:
    assert name in names
