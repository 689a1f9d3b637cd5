"""Films in, report out: asked through the serving code, kept, measured, written for people, and marked."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.bundle import Bundle, load_bundle, reference_bundle
from pipeline.cascade import Cascade
from pipeline.gate import GateSettings
from pipeline.pixels.grayscale import GreyScale
from tests.unit.train.evaluation.made_up import made_results
from train.cli import app
from train.data.index import IndexedFilm, read_index, write_index
from train.data.pictures import decode, digest_of
from train.errors import UnusableIndex
from train.evaluation.command import Plan, run_evaluate
from train.evaluation.evaluation import Answers, evaluate
from train.evaluation.inputs import film_dataset
from train.evaluation.occlusion import judge_without_lungs, paint_over
from train.evaluation.prediction import Predictor
from train.evaluation.report import plain
from train.phantom import PhantomSettings, dataset_of, make_phantom

SIDE = 224
VALIDATION, TESTED = range(5), range(5, 11)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(reference_bundle(), device="cpu")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Phantoms as a prepared folder: one is DICOM, one without outline, one too old, one without lungs."""
    folder = tmp_path_factory.mktemp("films")
    rows = [_phantom(folder, seed) for seed in (*VALIDATION, *TESTED)]
    tested = rows[len(VALIDATION) :]
    tested[1] = _as_dicom(tested[1], folder)
    tested[2] = replace(tested[2], mask=None, roi_area=0)
    tested[3] = replace(tested[3], age_days=400.0)
    Image.fromarray(np.full(tested[4].shape, 90, np.uint8)).save(tested[4].path)
    write_index(folder, [*rows[: len(VALIDATION)], *tested])
    return folder


def _phantom(folder: Path, seed: int) -> IndexedFilm:
    film = make_phantom(seed, PhantomSettings(long_side=SIDE))
    path, mask = folder / f"film <{seed}>.png", folder / f"mask-{seed}.png"
    Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8)).save(path)
    Image.fromarray(np.where(film.lungs > 0, 255, 0).astype(np.uint8)).save(mask)
    return IndexedFilm(
        path=path,
        mask=mask,
        patient=f"PH{seed}",
        rds=film.baby.disease.is_rds,
        roi_area=int((film.lungs > 0).sum()),
        shape=(film.pixels.shape[0], film.pixels.shape[1]),
        spacing_mm=(film.pitch_mm, film.pitch_mm),
        split="val" if seed in VALIDATION else "test",
        provenance="SYNTHETIC phantom",
        digest=digest_of(decode(path).pixels),
    )


def _as_dicom(film: IndexedFilm, folder: Path) -> IndexedFilm:
    seed = int(film.patient.removeprefix("PH"))
    path = folder / f"{film.patient}.dcm"
    dataset_of(make_phantom(seed, PhantomSettings(long_side=SIDE))).save_as(path, enforce_file_format=True)
    return replace(film, path=path)


def test_the_answers_are_the_nodes_and_those_turned_away_are_asked_all_the_same(
    films: Path, bundle: Bundle
) -> None:
    tested = [film for film in read_index(films) if film.split == "test"]
    results = list(Predictor(bundle).predict(tested, films))
    datasets = [film_dataset(film, GreyScale.RECOMMENDED) for film in tested]
    answers = Cascade(bundle, GateSettings()).analyse(datasets)

    assert [one.said.outcome for one in results] == [str(answer.outcome) for answer in answers]
    for one, answer in zip(results, answers, strict=True):
        if answer.finding:
            assert one.said.probability == answer.finding.probability
    unmasked, old, blank = results[2:5]
    assert unmasked.overlap is None
    assert old.said.outcome == "not eligible"
    assert old.said.probability is not None
    assert old.overlap is not None
    assert old.overlap.iou > 0.5
    assert (blank.said.probability, blank.overlap.iou if blank.overlap else None) == (None, 0.0)
    assert results[1].known.attributes["vendor"]


def test_a_picture_reaches_the_node_as_it_is(films: Path) -> None:
    film = read_index(films)[0]
    dataset = film_dataset(film, GreyScale.RECOMMENDED)
    turned = film_dataset(film, GreyScale.RECOMMENDED, turns=1)

    assert "BodyPartExamined" not in dataset
    assert "PatientAge" not in dataset
    assert (dataset.Rows, dataset.Columns) == film.shape == (turned.Columns, turned.Rows)
    assert np.array_equal(turned.pixel_array, np.rot90(dataset.pixel_array))
    assert film_dataset(replace(film, age_days=3.4), GreyScale.RECOMMENDED).PatientAge == "003D"
    assert film_dataset(replace(film, age_days=1500), GreyScale.RECOMMENDED).PatientAge == "004Y"


def test_paint_leaves_nothing_of_the_lungs(films: Path, bundle: Bundle) -> None:
    pixels = np.random.default_rng(0).random((40, 50)).astype(np.float32)
    mask = np.zeros((40, 50), np.bool_)
    mask[10:20, 5:30] = True
    painted = paint_over(pixels, mask)
    other = paint_over(np.where(mask, 1 - pixels, pixels), mask)

    assert np.array_equal(painted, other)
    assert np.array_equal(painted[~mask], pixels[~mask])
    assert len(np.unique(painted[mask])) == 1
    tested = [film for film in read_index(films) if film.split == "test"]
    judged = list(judge_without_lungs(bundle, tested[3:5]))
    assert judged[1] is None
    assert 0 < (judged[0] or 0) < 1


def test_the_report_is_written_marked_and_not_asked_twice(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(reference_bundle(), films, tmp_path, repeats=30, against=reference_bundle())
    first = run_evaluate(plan)

    page, text = (tmp_path / "report.html").read_text("utf-8"), (tmp_path / "report.md").read_text("utf-8")
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    for report in (page, text):
        assert "SYNTHETIC: 6 of 6 films" in report
        assert "not validated on newborns" in report
        assert "Against another bundle" in report
    assert "film <" not in page
    assert 'src="data:image/svg+xml' in page
    assert 'src="plots' not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    plots = {path.name for path in (tmp_path / "plots").iterdir()}
    assert {"roc.svg", "reliability.svg", "risk-coverage.svg", "iou.svg", "poorest-1.png"} <= plots
    assert figures["tested"]["films"] == 6
    assert figures["lungs"]["films"] == 5
    assert figures["lungs_sideways"]["films"] == 5
    assert "AUROC" in first

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a kept answer was asked again")

    monkeypatch.setattr(Predictor, "predict", refuse)
    monkeypatch.setattr("train.evaluation.asking.judge_without_lungs", refuse)
    assert run_evaluate(plan) == first
    assert (tmp_path / "report.html").read_text("utf-8") == page


def test_films_without_labels_get_figures_of_their_lungs_alone() -> None:
    results = [replace(one, known=replace(one.known, rds=None)) for one in made_results(12)]
    evaluation = evaluate(Answers(0.5, results, []), repeats=20)

    assert evaluation.lungs is not None
    assert (evaluation.finding, evaluation.calibration, evaluation.selective, evaluation.audit) == (
        None,
        None,
        None,
        [],
    )


def test_films_of_one_class_and_without_outlines_get_what_can_be_told() -> None:
    results = [replace(one, overlap=None) for one in made_results(24) if one.known.rds]
    evaluation = evaluate(Answers(0.5, results, made_results(3)[:1]), repeats=20)

    assert evaluation.lungs is None
    assert evaluation.finding is not None
    assert np.isnan(evaluation.finding.auroc.value)
    assert [point.name for point in evaluation.points] == ["as shipped"]
    assert evaluation.calibration is None
    assert json.dumps(plain(evaluation))


@pytest.mark.parametrize(
    ("split", "complaint"), [("nowhere", "it has test, val"), ("bare", "lung mask or a label")]
)
def test_nothing_to_measure_is_said_with_the_cure(
    films: Path, tmp_path: Path, split: str, complaint: str
) -> None:
    bare = replace(read_index(films)[0], mask=None, roi_area=0, rds=None, split="bare")
    others = read_index(films)[1:] if split == "nowhere" else []
    folder = tmp_path / "index"
    folder.mkdir()
    write_index(folder, [bare, *others] if split == "bare" else others)

    with pytest.raises(UnusableIndex, match=complaint):
        run_evaluate(Plan(reference_bundle(), folder, tmp_path / "out", split=split))


def test_the_command_says_what_it_does() -> None:
    result = CliRunner().invoke(app, ["evaluate", "--help"])

    assert result.exit_code == 0
    assert "Example: neolung-train evaluate" in result.output
