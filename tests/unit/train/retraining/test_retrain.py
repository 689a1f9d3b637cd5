"""From a site's films to a candidate bundle with its evidence, by the command a site would type."""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.bundle import load_bundle
from pipeline.bundle.evidence import read_evidence
from tests.support.bundles import make_tiny_bundle, sign_again
from tests.support.two_lungs import two_lung_films
from train.cli import app
from train.data import write_index
from train.data.splits import VALIDATION
from train.errors import UnusableIndex, UnusableSplit
from train.evaluation.comparison import Compared
from train.evaluation.statistics.delong import compare_auroc
from train.retraining.candidate import LEARNT
from train.retraining.command import Retraining, run_retrain
from train.retraining.lock import LOCK_NAME, deal, mark, read_lock
from train.retraining.lungs import LEAST_FILMS
from train.retraining.verdict import _sentence

pytest.importorskip("torch")

Folders = tuple[Path, Path]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    """Forty babies of a site, and a bundle to start from."""
    folder = tmp_path_factory.mktemp("site")
    two_lung_films(folder / "films", 40)
    return folder / "films", make_tiny_bundle(folder / "start")


@pytest.fixture(scope="module")
def candidate(site: Folders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    films, start = site
    out = tmp_path_factory.mktemp("out") / "candidate"
    arguments = ["retrain", "--data", films, "--from", start, "--out", out, "--budget", "tiny"]
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "locked babies SYNTHETIC" in result.output
    assert "auroc: new minus old" in result.output
    assert "iou: new minus old" in result.output
    return out


@pytest.mark.slow
class TestCandidate:
    def test_it_is_a_bundle_with_device_uids_of_its_own(self, site: Folders, candidate: Path) -> None:
        old, new = load_bundle(site[1]).manifest, load_bundle(candidate).manifest
        assert new.segmenter.device_uid != old.segmenter.device_uid
        assert new.classifier.device_uid != old.classifier.device_uid
        assert new.training["start"] == (
            f"tiny 1, SHA-256 of its manifest {load_bundle(site[1]).identity.digest}"
        )
        assert new.data[-1].title == "Films of this site"

    def test_it_brings_its_evidence_along(self, site: Folders, candidate: Path) -> None:
        evidence = read_evidence(candidate)
        assert evidence is not None
        assert evidence.against == load_bundle(site[1]).identity.digest
        assert {one.figure for one in evidence.differences} >= {"auroc", "sensitivity", "iou"}
        assert evidence.passes == all(one.holds for one in evidence.differences if one.margin is not None)
        named = {file.name for file in load_bundle(candidate).manifest.files}
        assert {"comparison.json", "report.html"} <= named

    def test_its_report_shows_verdict_and_changed_films(self, candidate: Path) -> None:
        report = (candidate / "report.html").read_text(encoding="utf-8")
        assert "May it take the old one" in report
        assert "Films that changed sides" in report
        assert "SYNTHETIC" in report

    def test_locked_babies_were_not_learnt_from(self, site: Folders, candidate: Path) -> None:
        lock = read_lock(site[0] / LOCK_NAME)
        learnt = load_bundle(candidate).manifest.training[LEARNT]
        assert isinstance(learnt, list)
        assert len(lock.locked) > 2
        assert not {mark(patient) for patient in lock.locked} & set(learnt)
        assert len(learnt) + len(lock.locked) == 40

    def test_a_second_call_only_reads_what_is_done(self, site: Folders, candidate: Path) -> None:
        before = (candidate / "manifest.json").read_bytes()
        started = time.monotonic()
        run_retrain(Retraining(site[0], candidate, site[1], budget="tiny"))
        assert (candidate / "manifest.json").read_bytes() == before
        assert time.monotonic() - started < 60

    def test_other_films_are_learnt_from_though_the_folders_are_the_same(
        self, site: Folders, candidate: Path, tmp_path: Path
    ) -> None:
        films = two_lung_films(tmp_path / "films", 40)
        write_index(tmp_path / "films", [replace(film, rds=not film.rds) for film in films])
        out, run = tmp_path / "out", candidate.with_name("candidate.run")
        run_retrain(Retraining(tmp_path / "films", out, site[1], run=run, budget="tiny"))
        old, new = load_bundle(candidate).manifest, load_bundle(out).manifest
        assert new.classifier.device_uid != old.classifier.device_uid

    def test_a_bundle_is_not_measured_on_babies_that_it_learnt_from(
        self, site: Folders, candidate: Path, tmp_path: Path
    ) -> None:
        lock = tmp_path / "lock.json"
        document = json.loads((site[0] / LOCK_NAME).read_text(encoding="utf-8"))
        document["locked"] = [f"baby-{number}" for number in range(40)]
        document["validation"] = document["training"] = []
        lock.write_text(json.dumps(document), encoding="utf-8")
        with pytest.raises(UnusableSplit, match="locked babies were learnt from by tiny"):
            run_retrain(Retraining(site[0], tmp_path / "out", candidate, lock, budget="tiny"))


@pytest.mark.slow
def test_without_labels_the_segmenter_alone_goes_on_learning(site: Folders, tmp_path: Path) -> None:
    films = [replace(film, rds=None) for film in two_lung_films(tmp_path / "films", 24)]
    write_index(tmp_path / "films", films)
    said = run_retrain(Retraining(tmp_path / "films", tmp_path / "out", site[1], budget="tiny"))
    old, new = load_bundle(site[1]).manifest, load_bundle(tmp_path / "out").manifest
    assert "the classifier was kept as it is" in said
    assert new.classifier.device_uid == old.classifier.device_uid
    assert new.segmenter.device_uid != old.segmenter.device_uid
    evidence = read_evidence(tmp_path / "out")
    assert evidence is not None
    assert not evidence.passes
    assert "auroc: not measured" in said


@pytest.mark.slow
def test_outlines_by_a_machine_teach_no_segmenter(site: Folders, tmp_path: Path) -> None:
    films = two_lung_films(tmp_path / "films", 24)
    write_index(tmp_path / "films", [replace(film, attributes={"mask_by": "machine"}) for film in films])
    said = run_retrain(Retraining(tmp_path / "films", tmp_path / "out", site[1], budget="tiny"))
    assert "the segmenter was kept as it is" in said
    evidence = read_evidence(tmp_path / "out")
    assert evidence is not None
    assert {one.figure for one in evidence.differences} == {"auroc", "accuracy", "sensitivity", "specificity"}


def test_nothing_to_learn_is_said(site: Folders, tmp_path: Path) -> None:
    films = [
        replace(film, rds=None, attributes={"mask_by": "machine"})
        for film in two_lung_films(tmp_path / "films", 24)
    ]
    write_index(tmp_path / "films", films)
    with pytest.raises(UnusableIndex, match="fewer than 4 of the films to learn from, or of those to choose"):
        run_retrain(Retraining(tmp_path / "films", tmp_path / "out", site[1], budget="tiny"))


def test_outlines_are_wanted_among_the_films_to_choose_by_too(site: Folders, tmp_path: Path) -> None:
    films = two_lung_films(tmp_path / "films", 24)
    dealt, _ = deal(films, tmp_path / "lock.json")
    few = [film.patient for film in dealt if film.split == VALIDATION][LEAST_FILMS - 1 :]
    write_index(
        tmp_path / "films",
        [replace(film, rds=None, mask=None if film.patient in few else film.mask) for film in films],
    )
    with pytest.raises(UnusableIndex, match="nothing to learn"):
        run_retrain(
            Retraining(tmp_path / "films", tmp_path / "out", site[1], tmp_path / "lock.json", budget="tiny")
        )


def test_a_damaged_start_bundle_is_refused(site: Folders, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(site[1], damaged)
    sign_again(damaged, segmenter__tensors_sha256="0" * 64)
    arguments = ["retrain", "--data", site[0], "--from", damaged, "--out", tmp_path / "out"]
    result = subprocess.run(
        [sys.executable, "-m", "train", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "holds the tensors of another architecture" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_figure_without_films_of_both_classes_is_said_to_be_unmeasured() -> None:
    alone = Compared("auroc", "DeLong", 2, compare_auroc([True, True], [0.1, 0.2], [0.2, 0.3]), 0.02)
    assert _sentence("auroc", alone).startswith("auroc: not measured")
    assert _sentence("auroc", alone).endswith("fails")
