"""The whole recipe on a handful of films: trained, calibrated, exported, measured, and not done twice."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.bundle import load_bundle
from pipeline.cascade import Cascade
from pipeline.gate import GateSettings
from tests.support.bundles import CLASSIFIER, UNET
from train.cli import app
from train.findings import FindingSettings
from train.lungs import LungSettings
from train.phantom import PhantomSettings, phantom_dataset
from train.phantom_folder import FolderPlan, write_phantoms
from train.recipes import FitSettings
from train.reference import ReferencePlan, make_reference
from train.reference.plan import Seeds

FIT = FitSettings(epochs=1, batch=4, threads=1, half_precision=False)
LUNGS = LungSettings(architecture=UNET, size=32, start="none", fit=FIT)
PLAN = ReferencePlan(
    lungs=(LUNGS, replace(LUNGS, size=64)),
    findings=FindingSettings(architecture=CLASSIFIER, size=64, start="none", fit=FIT),
    lung_phantoms=4,
    lung_hybrids=4,
    phantom_seeds=Seeds(range(100, 106), range(200, 208), range(300, 312)),
    calibration_seeds=range(200, 208),
    served_phantoms=PhantomSettings(long_side=160),
    hybrid_seeds=Seeds(range(100, 104), range(200, 206), range(300, 310)),
    phantoms=PhantomSettings(long_side=96),
)
SMALL_FOLDER = FolderPlan(PhantomSettings(long_side=96), dicom=False)


def test_the_recipe_makes_a_bundle_that_serves_and_is_honest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films, out, run = tmp_path / "films", tmp_path / "bundle", tmp_path / "run"
    assert len(list(write_phantoms(range(6, 16), films, SMALL_FOLDER))) == 10

    manifest = make_reference(films, out, run, PLAN)

    assert not manifest.validated_on_newborns
    assert manifest.evaluation["phantoms, SYNTHETIC"]["films"] == 12  # type: ignore[index]
    assert manifest.evaluation["hybrids, SYNTHETIC"]["films"] == 10  # type: ignore[index]
    assert manifest.evaluation["lungs, val"]["films"] == 2  # type: ignore[index]
    assert all("SYNTHETIC" in name or "lungs" in name for name in manifest.evaluation)
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert manifest.disclaimer in card
    assert "SYNTHETIC" in card
    assert "CC BY 4.0" in card

    bundle = load_bundle(out, device="cpu")
    film = phantom_dataset(1, PhantomSettings(long_side=256))
    (analysis,) = Cascade(bundle, GateSettings()).analyse([film])
    assert analysis.bundle.digest == bundle.identity.digest

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a finished stage was trained again")

    monkeypatch.setattr("train.fit._train_epoch", refuse)
    again = make_reference(films, out, run, PLAN)
    assert again.segmenter == manifest.segmenter
    assert again.classifier == manifest.classifier


def test_phantoms_are_drawn_from_the_command_line(tmp_path: Path) -> None:
    arguments = ["phantoms", "2", "--out", str(tmp_path), "--seed", "5", "--long-side", "64"]
    result = CliRunner().invoke(app, arguments)

    assert result.exit_code == 0, result.output
    assert "2 SYNTHETIC films" in result.output
    assert sorted(path.name for path in tmp_path.glob("*.dcm")) == [
        "phantom-000005.dcm",
        "phantom-000006.dcm",
    ]


@pytest.mark.parametrize("command", ["phantoms", "segment", "classify", "export", "reference"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])

    assert result.exit_code == 0
    assert "Example:" in result.output
