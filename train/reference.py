"""Make the bundle that ships, from films to model card; a stage that is done is not done twice."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from pipeline.bundle import Manifest, load_bundle
from pipeline.bundle.manifest import LungCrop, PostProcessing, Preprocessing, Segmenter, sha256_of
from pipeline.engines.onnx import OnnxEngine
from pipeline.networks import build_classifier
from pipeline.segment import LungSegmenter
from train.bundling import BundleParts, describe_segmenter, write_bundle
from train.card import write_card
from train.checkpoint import BEST, load_best
from train.data import IndexedFilm
from train.data.prepared import films_with_lungs, read_prepared
from train.evaluation.calibration import fit_temperature
from train.evaluation.card_figures import Figures, judge_phantoms, lung_figures, phantom_figures
from train.evaluation.thresholds import youden_threshold
from train.export import ExportedNetwork
from train.films import SquareFilms, concatenate, square_films
from train.findings import FindingSettings, predict_logits, train_findings
from train.lungs import LungSettings, train_lungs
from train.phantom import GENERATOR_VERSION, PhantomSettings
from train.phantom_sets import CropMaker, LungCrops, phantom_crops, phantom_squares
from train.recipes import FitSettings
from train.runs import export_findings, export_lungs

_log = logging.getLogger(__name__)
_NEWBORN_LUNG_FRACTION = 0.08
"""Mean part of a newborn film that is lung, from the roi_area column of the source paper's example rows."""


@dataclass(frozen=True, slots=True)
class ReferencePlan:
    """Everything that decides what the bundle becomes.

    Attributes
    ----------
    first, lungs
        A short training at a small size on public films, and the one that starts from it, with phantoms.
    lung_phantoms, training, validation, fresh
        Seeds of phantoms: for the segmenter, and for the classifier to learn, calibrate and be measured.
    """

    version: str = "0.1.0"
    first: LungSettings = field(default_factory=lambda: LungSettings(size=192, fit=FitSettings(epochs=3)))
    lungs: LungSettings = field(
        default_factory=lambda: LungSettings(fit=FitSettings(epochs=6, learning_rate=7e-4))
    )
    findings: FindingSettings = field(default_factory=FindingSettings)
    lung_phantoms: range = range(420)
    training: range = range(10_000, 10_600)
    validation: range = range(20_000, 20_200)
    fresh: range = range(30_000, 30_200)
    crop: LungCrop = field(default_factory=LungCrop)
    phantoms: PhantomSettings = field(default_factory=PhantomSettings)


def make_reference(films: Path, out: Path, run: Path, plan: ReferencePlan) -> Manifest:
    """Train, calibrate, export and measure.

    Parameters
    ----------
    films
        Folder with ``index.csv``, see `train.data.index`: splits ``train`` and ``val``, others are
        measured.
    out
        Folder of the bundle, replaced.
    run
        Folder of checkpoints and caches; a second call goes on where the first was interrupted.
    """
    index = read_prepared(films)
    cache = run / "cache"
    _make_lungs(index, run, cache, plan)
    digest = sha256_of((run / "lungs" / BEST).read_bytes())
    segmenter = _serving_segmenter(export_lungs(run / "lungs"), plan)
    maker = CropMaker(plan.crop, plan.findings.size, segmenter, digest, plan.phantoms)
    training, validation = (phantom_crops(seeds, maker, cache) for seeds in (plan.training, plan.validation))
    train_findings(training, validation, plan.findings, run / "findings")
    parts = _parts(validation, run, plan)
    _write(out, run, parts)
    measured = replace(parts, evaluation=_evaluate(out, index, plan))
    return _write(out, run, measured)


def _make_lungs(index: Sequence[IndexedFilm], run: Path, cache: Path, plan: ReferencePlan) -> None:
    def of(split: str, size: int) -> SquareFilms:
        return square_films(films_with_lungs(index, split), size, cache)

    first, lungs = plan.first, plan.lungs
    train_lungs(of("train", first.cache_size), of("val", first.cache_size), first, run / "lungs-first")
    phantoms = phantom_squares(plan.lung_phantoms, lungs.cache_size, cache, plan.phantoms)
    together = concatenate([of("train", lungs.cache_size), phantoms])
    train_lungs(together, of("val", lungs.cache_size), lungs, run / "lungs", start=run / "lungs-first")


def _serving_segmenter(exported: ExportedNetwork, plan: ReferencePlan) -> LungSegmenter:
    """Serve the segmenter, so that the classifier learns from the masks that it will be given."""
    fields = describe_segmenter(exported, plan.lungs.architecture, plan.lungs.size, _postprocessing())
    model = Segmenter.model_validate({"name": "lungs", "version": plan.version, **fields})
    return LungSegmenter(OnnxEngine(exported.graph, threads=1), model)


def _parts(validation: LungCrops, run: Path, plan: ReferencePlan) -> BundleParts:
    """Calibrate on validation phantoms, and gather what the manifest says."""
    network = build_classifier(plan.findings.architecture)
    load_best(network, run / "findings")
    logits = predict_logits(network, validation, plan.findings)
    labels = validation.labels.astype(np.float64)
    temperature = round(fit_temperature(logits, labels), 4)
    probabilities = 1 / (1 + np.exp(-logits / temperature))
    return BundleParts(
        name="neolung-reference",
        version=plan.version,
        created=datetime.now(UTC).date().isoformat(),
        unet=plan.lungs.architecture,
        classifier=plan.findings.architecture,
        lung_size=plan.lungs.size,
        crop_size=plan.findings.size,
        crop=plan.crop,
        temperature=temperature,
        threshold=round(float(np.clip(youden_threshold(labels, probabilities), 0.05, 0.95)), 4),
        training=_training_record(plan),
        evaluation={},
        postprocessing=_postprocessing(),
    )


def _postprocessing() -> PostProcessing:
    return PostProcessing(expected_fraction=_NEWBORN_LUNG_FRACTION)


def _write(out: Path, run: Path, parts: BundleParts) -> Manifest:
    segmenter, classifier = export_lungs(run / "lungs"), export_findings(run / "findings")
    return write_bundle(out, segmenter, classifier, parts, write_card(parts))


def _evaluate(out: Path, index: Sequence[IndexedFilm], plan: ReferencePlan) -> Figures:
    bundle = load_bundle(out, device="cpu")
    figures: Figures = {}
    for split in sorted({film.split for film in index if film.mask is not None} - {"train"}):
        films = films_with_lungs(index, split)
        figures[f"lungs, {split}"] = lung_figures(bundle, films)
        figures[f"lungs, {split}, sideways"] = lung_figures(bundle, films, turns=1)
        _log.info("%s: %s", split, figures[f"lungs, {split}"])
    judged = judge_phantoms(bundle, plan.fresh, plan.phantoms)
    figures["phantoms, SYNTHETIC"] = phantom_figures(judged, bundle.manifest.classifier.threshold)
    _log.info("phantoms: %s", figures["phantoms, SYNTHETIC"])
    return figures


def _training_record(plan: ReferencePlan) -> dict[str, object]:
    return {
        "lungs": f"{plan.first.fit.epochs} epochs at {plan.first.size} x {plan.first.size} on the public "
        f"films, then {plan.lungs.fit.epochs} at {plan.lungs.size} x {plan.lungs.size} "
        f"with {len(plan.lung_phantoms)} phantoms",
        "findings": f"{plan.findings.fit.epochs} epochs at {plan.findings.size} x {plan.findings.size} on "
        f"{len(plan.training)} phantoms (SYNTHETIC), lungs drawn and predicted by halves",
        "settings": {
            "first": asdict(plan.first),
            "lungs": asdict(plan.lungs),
            "findings": asdict(plan.findings),
        },
        "packages": {
            name: version(name) for name in ("torch", "timm", "segmentation-models-pytorch", "numpy")
        },
        "phantom_generator": GENERATOR_VERSION,
        "phantom_seeds": {
            "lungs": _span(plan.lung_phantoms),
            "training": _span(plan.training),
            "validation": _span(plan.validation),
            "fresh": _span(plan.fresh),
        },
        "preprocessing": Preprocessing(size=plan.lungs.size).model_dump(),
        "calibration": "temperature and Youden threshold on the validation phantoms (SYNTHETIC)",
    }


def _span(seeds: range) -> str:
    return f"{seeds.start} to {seeds.stop - 1}"
