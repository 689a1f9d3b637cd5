"""A comparison counts only as the file that the manifest lists, and passes only by its own figures."""

import json
from pathlib import Path

import pytest

from pipeline.bundle import reference_bundle
from pipeline.bundle.evidence import DEMANDED, EVIDENCE_NAME, Difference, Evidence, read_evidence
from pipeline.errors import BundleError
from tests.support.bundles import sign_again
from tests.support.registry import figure, with_evidence
from train.evaluation.comparison import MARGINS

DIGEST = "a" * 64


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return with_evidence(reference_bundle(), tmp_path / "bundle", DIGEST)


def evidence(*differences: Difference) -> Evidence:
    return Evidence(
        passes=True,
        against=DIGEST,
        against_name="tiny 1",
        films=100,
        patients=90,
        locked_digest=DIGEST,
        marks=(),
        sentences=(),
        differences=differences,
    )


def test_a_listed_comparison_is_read(bundle: Path) -> None:
    found = read_evidence(bundle)
    assert found is not None
    assert found.passes
    assert found.shows("iou")
    assert read_evidence(reference_bundle()) is None


def test_a_file_that_the_manifest_does_not_list_is_none(bundle: Path) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"] = [file for file in manifest["files"] if file["name"] != EVIDENCE_NAME]
    (bundle / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert read_evidence(bundle) is None


def test_a_changed_one_is_refused(bundle: Path) -> None:
    file = bundle / EVIDENCE_NAME
    file.write_bytes(file.read_bytes().replace(b'"films":100', b'"films":900'))
    with pytest.raises(BundleError, match=r"comparison\.json has changed"):
        read_evidence(bundle)
    file.unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        read_evidence(bundle)


def test_one_that_contradicts_itself_is_refused(bundle: Path) -> None:
    content = json.loads((bundle / EVIDENCE_NAME).read_text(encoding="utf-8"))
    (bundle / EVIDENCE_NAME).write_text(json.dumps(content | {"differences": []}), encoding="utf-8")
    sign_again(bundle)
    with pytest.raises(BundleError, match="bundles: it says that it passes, but its figures do not show"):
        read_evidence(bundle)


def test_what_passes_has_every_figure_with_a_margin() -> None:
    assert evidence(*(figure(name) for name in DEMANDED)).passes
    assert set(DEMANDED) < set(MARGINS)


@pytest.mark.parametrize(
    "auroc",
    [
        figure("auroc", holds=False),
        figure("auroc", films=0),
        figure("specificity"),
        figure("auroc").model_copy(update={"low": None}),
        figure("auroc").model_copy(update={"margin": None}),
        figure("auroc").model_copy(update={"low": -0.5}),
    ],
)
def test_else_it_does_not_pass(auroc: Difference) -> None:
    with pytest.raises(ValueError, match="do not show that auroc holds"):
        evidence(auroc, figure("sensitivity"))


def test_outlines_that_were_measured_must_hold() -> None:
    demanded = [figure(name) for name in DEMANDED]
    with pytest.raises(ValueError, match="do not show that iou holds"):
        evidence(*demanded, figure("iou", holds=False))
    assert evidence(*demanded, figure("iou").model_copy(update={"low": None, "holds": False})).passes
