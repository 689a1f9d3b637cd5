"""neolung-train takes an export as it is: by its table, by its folder with labels, and for an evaluation."""

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from node.printing import counted
from tests.support.bundles import make_tiny_bundle
from tests.support.films import DX, draw_chest, make_film
from tests.support.prepared import draw_film, write_csv
from tests.support.work import Desk
from tests.unit.node.export.conftest import Run
from train.cli import app
from train.data import read_index, read_mask
from train.data.prepared import read_prepared

BABIES = 20
SHAPE = (160, 144)


@pytest.fixture
def exported(desk: Desk, run: Run, out: Path) -> Path:
    """Export films of twenty babies, each another picture."""
    for number in range(BABIES):
        picture = 0.6 * draw_chest(*SHAPE, seed=number) + 0.4 * draw_film(number, SHAPE) / 255
        values = np.rint(picture * 4095).astype(int)
        desk.receive(make_film(stored_values=values, PatientID=f"BABY{number}", sop_class=DX))
    desk.analyse_all()
    run()
    return out


def train(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def test_the_index_is_one(exported: Path) -> None:
    films = read_index(exported)

    assert len(films) == BABIES
    assert len({film.patient for film in films}) == BABIES
    for film in films:
        assert film.mask is not None
        assert (read_mask(film) == 1).sum() == film.roi_area
        assert (film.rds, film.age_days, film.sex) == (None, 1.0, "F")
        assert film.attributes["mask_by"] == "machine"


def test_prepare_takes_the_table(exported: Path, tmp_path: Path) -> None:
    kept = "machine_probability,mask_by"
    output = train(
        "prepare", "--table", f"{exported}/index.csv", "--keep", kept, "--out", f"{tmp_path}/prepared"
    )
    films = read_prepared(tmp_path / "prepared")

    assert counted(BABIES, "film") in output
    assert {film.split for film in films} == {"train", "val", "test"}
    assert {film.provenance for film in films} == {"node export"}
    assert all(film.rds is None for film in films)
    assert all(0 < float(film.attributes["machine_probability"]) < 1 for film in films)


@pytest.mark.slow
def test_evaluate_measures_on_the_folder_with_labels(exported: Path, tmp_path: Path) -> None:
    labels = [
        {"sop_instance_uid": film.sop_instance_uid, "rds": str(number % 2)}
        for number, film in enumerate(read_index(exported))
    ]
    table = write_csv(tmp_path / "labels.csv", labels)
    train("prepare", "--films", str(exported), "--labels", str(table), "--out", f"{tmp_path}/prepared")
    bundle = make_tiny_bundle(tmp_path / "bundle")
    report = tmp_path / "report"
    train(
        "evaluate",
        "--index",
        f"{tmp_path}/prepared",
        "--bundle",
        str(bundle),
        "--out",
        str(report),
        "--quick",
    )

    assert (report / "report.html").exists()
