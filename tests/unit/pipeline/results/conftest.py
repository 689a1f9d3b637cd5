"""Written result objects, checked by every validator there is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset

from pipeline.results import ResultObjects, to_part10
from tests.support.validators import DSRDUMP, dciodvfy, dsrdump

Write = Callable[[Dataset], Path]
Check = Callable[[ResultObjects], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_part10(dataset: Dataset) -> Path:
        path = tmp_path / f"{dataset.Modality}.dcm"
        path.write_bytes(to_part10(dataset))
        return path

    return write_part10


@pytest.fixture
def check(write: Write) -> Check:
    """Let dciodvfy and dsrdump judge; returns dsrdump's text. Needs DCMTK."""

    def check_all(objects: ResultObjects) -> str:
        for made in (objects.segmentation, objects.report):
            if made is not None:
                assert dciodvfy(write(made)) == []
        assert DSRDUMP.exists()
        return dsrdump(write(objects.report))

    return check_all
