"""What the commands of ``neolung-train`` do, as functions that return the line to print."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from pipeline.bundle import load_bundle, reference_bundle
from pipeline.bundle.manifest import DataSource, LungCrop
from pipeline.segment import LungSegmenter
from train.bundling import SHIPPED_SOURCES, BundleParts, write_bundle
from train.card import write_card
from train.checkpoint import read_history
from train.data.prepared import films_with_lungs, read_prepared
from train.errors import UnusableRun
from train.films import concatenate, square_films
from train.findings import FindingSettings, predict_logits, train_findings
from train.lungs import LungSettings, train_lungs
from train.metrics import fit_temperature, youden_threshold
from train.phantom_sets import CropMaker, phantom_crops, phantom_squares
from train.runs import export_findings, export_lungs, finding_architecture, input_size, lung_architecture

OPERATING_POINT = "operating_point.json"
SITE_FILMS = DataSource(
    title="Films of this site",
    licence="not for distribution",
    attribution="this site",
    used_for="lung segmentation",
)
_VALIDATION_SEED = 20_000
_TRAINING_SEED = 10_000


def run_segment(films: Path, run: Path, *, epochs: int, size: int, phantoms: int) -> str:
    """Train the segmenter on an index of films and on phantoms."""
    settings = LungSettings(size=size)
    settings = replace(settings, fit=replace(settings.fit, epochs=epochs))
    index, cache = read_prepared(films), run / "cache"
    parts = [square_films(films_with_lungs(index, "train"), settings.cache_size, cache)]
    if phantoms:
        parts.append(phantom_squares(range(phantoms), settings.cache_size, cache))
    validation = square_films(films_with_lungs(index, "val"), settings.cache_size, cache)
    train_lungs(concatenate(parts), validation, settings, run)
    return _best_of(run)


def run_classify(bundle: Path | None, run: Path, *, epochs: int, phantoms: int) -> str:
    """Train the classifier on phantoms whose lungs a bundle's segmenter finds, and calibrate it."""
    settings = FindingSettings()
    settings = replace(settings, fit=replace(settings.fit, epochs=epochs))
    served = load_bundle(bundle or reference_bundle(), device="cpu")
    segmenter = LungSegmenter(served.segmenter, served.manifest.segmenter)
    maker = CropMaker(LungCrop(), settings.size, segmenter, served.identity.segmenter.weights_sha256)
    training = phantom_crops(range(_TRAINING_SEED, _TRAINING_SEED + phantoms), maker, run / "cache")
    held_back = range(_VALIDATION_SEED, _VALIDATION_SEED + max(40, phantoms // 4))
    validation = phantom_crops(held_back, maker, run / "cache")
    network = train_findings(training, validation, settings, run)
    logits, labels = predict_logits(network, validation, settings), validation.labels.astype(np.float64)
    temperature = fit_temperature(logits, labels)
    threshold = youden_threshold(labels, 1 / (1 + np.exp(-logits / temperature)))
    point = {
        "temperature": round(temperature, 4),
        "threshold": round(float(np.clip(threshold, 0.05, 0.95)), 4),
    }
    (run / OPERATING_POINT).write_text(json.dumps(point) + "\n", encoding="utf-8")
    return f"{_best_of(run)} (SYNTHETIC)"


def run_export(lungs: Path, findings: Path, out: Path, *, name: str, version: str) -> str:
    """Write a bundle from two run folders, and load it once as proof."""
    point = _operating_point(findings)
    parts = BundleParts(
        name=name,
        version=version,
        created=datetime.now(UTC).date().isoformat(),
        unet=lung_architecture(lungs),
        classifier=finding_architecture(findings),
        lung_size=input_size(lungs),
        crop_size=input_size(findings),
        crop=LungCrop(),
        temperature=point["temperature"],
        threshold=point["threshold"],
        data=(*SHIPPED_SOURCES, SITE_FILMS),
        training={"lungs": _best_of(lungs), "findings": f"{_best_of(findings)} (SYNTHETIC)"},
        evaluation={},
    )
    write_bundle(out, export_lungs(lungs), export_findings(findings), parts, write_card(parts))
    return f"bundle {load_bundle(out, device='cpu').identity.digest} in {out}"


def _operating_point(run: Path) -> dict[str, float]:
    try:
        point: dict[str, float] = json.loads((run / OPERATING_POINT).read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableRun(f"{run} has no {OPERATING_POINT}; finish neolung-train classify there") from error
    return point


def _best_of(run: Path) -> str:
    history = read_history(run)
    best = max(history, key=lambda entry: float(entry["score"]))
    figures = ", ".join(
        f"{name} {value:.4f}" for name, value in best.items() if name not in {"loss", "seconds"}
    )
    return f"best of {len(history)} epochs: {figures}"
