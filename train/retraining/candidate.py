"""The candidate bundle: what was learnt, or kept, calibrated on babies to choose by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from pipeline.bundle import Manifest
from pipeline.bundle.manifest import DataSource
from pipeline.networks import build_classifier
from train.bundling import BundleParts, write_bundle
from train.card import write_card
from train.checkpoint import load_best
from train.data.index import IndexedFilm
from train.data.splits import TRAIN, VALIDATION
from train.evaluation.serving_point import fit_serving_point
from train.film_sets import crop_of
from train.findings import predict_logits
from train.retraining.findings import Learnt
from train.retraining.lock import Lock, mark
from train.retraining.plan import RetrainPlan
from train.retraining.start import StartBundle
from train.runs import export_findings, export_lungs

LEARNT = "learnt_from"
"""Key of the manifest's training record: marks of the babies, see `train.retraining.lock.mark`."""


def write_candidate(
    out: Path,
    start: StartBundle,
    parts: BundleParts,
    runs: tuple[Path | None, Path | None],
    extras: Mapping[str, bytes],
) -> Manifest:
    """Write the bundle.

    Parameters
    ----------
    runs
        Run folders of segmenter and classifier; None keeps that of the start bundle.
    extras
        Further files, by name.
    """
    lungs, findings = runs
    segmenter = export_lungs(lungs) if lungs else start.exported(start.manifest.segmenter)
    classifier = export_findings(findings) if findings else start.exported(start.manifest.classifier)
    return write_bundle(out, segmenter, classifier, parts, write_card(parts), extras)


def make_parts(
    start: StartBundle, films: Sequence[IndexedFilm], lock: Lock, plan: RetrainPlan, version: str
) -> BundleParts:
    """Say what the manifest says before anything is measured; the operating point is the start bundle's."""
    segmenter, classifier = start.manifest.segmenter, start.manifest.classifier
    return BundleParts(
        name=start.manifest.name,
        version=version,
        created=datetime.now(UTC).date().isoformat(),
        unet=segmenter.architecture,
        classifier=classifier.architecture,
        lung_size=segmenter.preprocessing.size,
        crop_size=classifier.preprocessing.size,
        crop=crop_of(start.profile),
        temperature=classifier.temperature,
        bias=classifier.bias,
        threshold=classifier.threshold,
        training=_record(start, films, lock, plan),
        evaluation={},
        postprocessing=segmenter.postprocessing,
        abstention=classifier.abstention,
        data=(*start.manifest.data, _source(films)),
    )


def calibrated(parts: BundleParts, learnt: Learnt) -> BundleParts:
    """Choose calibration and threshold on the babies to choose by."""
    network = build_classifier(learnt.settings.architecture)
    load_best(network, learnt.run)
    logits = predict_logits(network, learnt.validation, learnt.settings)
    return replace(parts, **asdict(fit_serving_point(logits, learnt.validation.labels)))


def learnt_before(start: StartBundle) -> list[str]:
    """List marks of the babies that the start bundle, or one before it, learnt from."""
    marks = start.manifest.training.get(LEARNT, [])
    return [str(one) for one in marks] if isinstance(marks, list) else []


def _record(
    start: StartBundle, films: Sequence[IndexedFilm], lock: Lock, plan: RetrainPlan
) -> dict[str, object]:
    learnt = {mark(film.patient) for film in films if film.split in (TRAIN, VALIDATION)}
    counts = {split: sum(film.split == split for film in films) for split in (TRAIN, VALIDATION)}
    return {
        "start": f"{start.name}, SHA-256 of its manifest {start.digest}",
        "films": f"{counts[TRAIN]} to learn from, {counts[VALIDATION]} to choose by, of this site",
        "rehearsal": f"{plan.rehearsal} phantoms besides (SYNTHETIC)",
        "locked": f"{len(lock.locked)} babies, SHA-256 of their pseudonyms {lock.digest}",
        "settings": asdict(plan),
        LEARNT: sorted(learnt.union(learnt_before(start))),
    }


def _source(films: Sequence[IndexedFilm]) -> DataSource:
    kinds = ", ".join(sorted({film.provenance for film in films if film.provenance})) or "not stated"
    return DataSource(
        title="Films of this site",
        licence="not for distribution",
        attribution=f"this site; source of films and labels: {kinds}"[:500],
        used_for="going on learning, and choosing when to stop",
    )
