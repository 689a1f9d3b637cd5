"""Make the bundle that ships, from films to model card; a stage that is done is not done twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.bundle import Manifest
from pipeline.bundle.manifest import Segmenter, sha256_of
from pipeline.engines.onnx import OnnxEngine
from pipeline.segment import LungSegmenter
from train.bundling import BundleParts, describe_segmenter, write_bundle
from train.card import write_card
from train.checkpoint import BEST
from train.data import IndexedFilm
from train.data.prepared import films_with_lungs, read_prepared
from train.evaluation.serving_point import ServingPoint
from train.films import SquareFilms, concatenate, square_films
from train.findings import train_findings
from train.hybrid.base import BaseFilms, split_patients
from train.hybrid.sets import hybrid_crops, hybrid_squares
from train.lungs import train_lungs
from train.phantom_sets import CropMaker, LungCrops, join_crops, phantom_crops, phantom_squares
from train.reference.figures import judge_validation, measure, serving_point
from train.reference.plan import ReferencePlan
from train.runs import export_findings, export_lungs


@dataclass(frozen=True, slots=True)
class _Films:
    """Real films, by what they are for; hybrids are painted on those without disease.

    Attributes
    ----------
    healthy
        Of the split ``train``: parted into those to learn from and those to calibrate on, by patient.
    """

    index: Sequence[IndexedFilm]
    healthy: BaseFilms
    learning: BaseFilms
    calibrating: BaseFilms
    unseen: BaseFilms


def make_reference(folder: Path, out: Path, run: Path, plan: ReferencePlan) -> Manifest:
    """Train, calibrate, export and measure.

    Parameters
    ----------
    folder
        Prepared films with ``index.csv``, see `train.data.index`: lungs are learnt from the split ``train``
        and chosen by ``val``, other splits are measured. Films with label 0 carry the hybrids.
    out
        Folder of the bundle, replaced.
    run
        Folder of checkpoints and caches; a second call goes on where the first was interrupted.
    """
    films = _choose(read_prepared(folder), plan)
    _make_lungs(films, run, plan)
    training, validation = _lessons(films, run, plan)
    train_findings(training, validation, plan.findings, run / "findings")
    parts = _parts(plan)
    _write(out, run, plan, parts)
    judged = judge_validation(out, films.calibrating, plan)
    parts = replace(parts, **asdict(serving_point(judged)))
    _write(out, run, plan, parts)
    figures = measure(out, films.index, films.unseen, judged, plan)
    return _write(out, run, plan, replace(parts, evaluation=figures))


def _choose(index: Sequence[IndexedFilm], plan: ReferencePlan) -> _Films:
    healthy = BaseFilms.choose(index, "train")
    learning, calibrating = split_patients(healthy, plan.held_back)
    return _Films(index, healthy, learning, calibrating, BaseFilms.choose(index, "val"))


def _make_lungs(films: _Films, run: Path, plan: ReferencePlan) -> None:
    start = None
    for number, settings in enumerate(plan.lungs, start=1):
        training, validation = _lung_films(films, settings.cache_size, run / "cache", plan)
        stage = run / f"lungs-{number}"
        train_lungs(training, validation, settings, stage, start=start)
        start = stage


def _lungs(run: Path, plan: ReferencePlan) -> Path:
    """Name the run folder of the last stage."""
    return run / f"lungs-{len(plan.lungs)}"


def _lung_films(
    films: _Films, size: int, cache: Path, plan: ReferencePlan
) -> tuple[SquareFilms, SquareFilms]:
    training = [
        square_films(films_with_lungs(films.index, "train"), size, cache),
        phantom_squares(range(plan.lung_phantoms), size, cache, plan.phantoms),
        hybrid_squares(range(plan.lung_hybrids), films.healthy, size, cache),
    ]
    return concatenate(training), square_films(films_with_lungs(films.index, "val"), size, cache)


def _lessons(films: _Films, run: Path, plan: ReferencePlan) -> tuple[LungCrops, LungCrops]:
    """Cut phantoms and hybrids to learn from, and those to choose and to calibrate by."""
    digest, cache = sha256_of((_lungs(run, plan) / BEST).read_bytes()), run / "cache"
    maker = CropMaker(plan.crop, plan.findings.size, _serving_segmenter(run, plan), digest, plan.phantoms)
    phantoms, hybrids = plan.phantom_seeds, plan.hybrid_seeds
    return (
        join_crops(
            phantom_crops(phantoms.training, maker, cache),
            hybrid_crops(hybrids.training, films.learning, maker, cache),
        ),
        join_crops(
            phantom_crops(phantoms.validation, maker, cache),
            hybrid_crops(hybrids.validation, films.calibrating, maker, cache),
        ),
    )


def _serving_segmenter(run: Path, plan: ReferencePlan) -> LungSegmenter:
    """Serve the segmenter, so that the classifier learns from the masks that it will be given."""
    exported = export_lungs(_lungs(run, plan))
    fields = describe_segmenter(
        exported, plan.lungs[-1].architecture, plan.lungs[-1].size, plan.postprocessing
    )
    model = Segmenter.model_validate({"name": "lungs", "version": plan.version, **fields})
    return LungSegmenter(OnnxEngine(exported.graph, threads=1), model)


def _parts(plan: ReferencePlan) -> BundleParts:
    """Gather what the manifest says, not calibrated yet."""
    point = ServingPoint()
    return BundleParts(
        name="neolung-reference",
        version=plan.version,
        created=datetime.now(UTC).date().isoformat(),
        unet=plan.lungs[-1].architecture,
        classifier=plan.findings.architecture,
        lung_size=plan.lungs[-1].size,
        crop_size=plan.findings.size,
        crop=plan.crop,
        temperature=point.temperature,
        bias=point.bias,
        threshold=point.threshold,
        training=plan.record(),
        evaluation={},
        postprocessing=plan.postprocessing,
    )


def _write(out: Path, run: Path, plan: ReferencePlan, parts: BundleParts) -> Manifest:
    segmenter, classifier = export_lungs(_lungs(run, plan)), export_findings(run / "findings")
    return write_bundle(out, segmenter, classifier, parts, write_card(parts))
