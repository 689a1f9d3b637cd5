"""``neolung-train export``: two run folders become a bundle, if it says what they say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.bundle import load_bundle
from pipeline.bundle.manifest import DataSource, PostProcessing
from pipeline.networks import Architecture, build_network
from pipeline.pixels.grayscale import GreyScale
from pipeline.values import Radiograph
from train.bundling import SHIPPED_SOURCES, BundleParts, write_bundle
from train.card import write_card
from train.checkpoint import load_best
from train.commands import OPERATING_POINT, best_of
from train.data import read_pixels
from train.data.prepared import read_prepared
from train.errors import UnusableRun
from train.evaluation.serving_point import ServingPoint
from train.export import round_to_half
from train.film_sets import as_radiograph, crop_of
from train.phantom import make_phantom
from train.phantom_sets import as_radiograph as phantom_radiograph
from train.places import refuse_out
from train.proof import compare, prove
from train.recipes import Profile
from train.runs import (
    export_findings,
    export_lungs,
    finding_architecture,
    input_size,
    lung_architecture,
    profile_of,
)

if TYPE_CHECKING:
    from torch import nn

SITE_FILMS = DataSource(
    title="Films of this site",
    licence="not for distribution",
    attribution="this site",
    used_for="lung segmentation",
)
_PROOF_SEED, _PROOF_FILMS = 60_000, 16


def run_export(
    lungs: Path,
    findings: Path,
    out: Path,
    *,
    name: str,
    version: str,
    films: Path | None = None,
) -> str:
    """Write a bundle from two run folders, and prove that it serves what was trained.

    Parameters
    ----------
    films
        Prepared films for the proof; phantoms when None.

    Raises
    ------
    UnprovenBundle
        If a mask or a probability differs; an older bundle at ``out`` is then left as it is.
    UnusableRun
        If a run is not finished, or the two show films in different ways.
    UnusableFolder
        If ``out`` holds anything but a bundle, or a run or the films lie in it.
    """
    needed = {"the run of the lungs": lungs, "the run of the findings": findings}
    refuse_out(out, needed | ({"the folder with the films": films} if films else {}))
    parts = _parts(lungs, findings, name, version)
    draft = out.with_name(f".{out.name}.unproven")
    write_bundle(draft, export_lungs(lungs), export_findings(findings), parts, write_card(parts))
    try:
        sentences, digest = _prove(
            draft, (lungs, findings), _proof_films(films, parts.postprocessing.profile)
        )
        shutil.rmtree(out, ignore_errors=True)
        draft.rename(out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return "\n".join([*sentences, f"bundle {digest} in {out}"])


def _parts(lungs: Path, findings: Path, name: str, version: str) -> BundleParts:
    profile, point = profile_of(lungs), _operating_point(findings)
    if profile_of(findings) != profile:
        raise UnusableRun(
            f"{lungs} learnt in the profile {profile}, {findings} in another; train both in one"
        )
    return BundleParts(
        name=name,
        version=version,
        created=datetime.now(UTC).date().isoformat(),
        unet=lung_architecture(lungs),
        classifier=finding_architecture(findings),
        lung_size=input_size(lungs),
        crop_size=input_size(findings),
        crop=crop_of(profile),
        temperature=point.temperature,
        bias=point.bias,
        threshold=point.threshold,
        data=(*SHIPPED_SOURCES, SITE_FILMS),
        training={"lungs": best_of(lungs), "findings": f"{best_of(findings)} (SYNTHETIC)"},
        evaluation={},
        postprocessing=PostProcessing(profile=profile),
    )


def _prove(draft: Path, runs: tuple[Path, Path], films: Sequence[Radiograph]) -> tuple[tuple[str, str], str]:
    """Compare the bundle with the networks as stored, and those with the networks as trained."""
    bundle = load_bundle(draft, device="cpu")
    lungs = _network(bundle.manifest.segmenter.architecture, runs[0])
    findings = _network(bundle.manifest.classifier.architecture, runs[1])
    stored = [_rounded(network) for network in (lungs, findings)]
    proof = prove(bundle, stored[0], stored[1], films)
    rounding = compare(bundle.manifest, (stored[0], stored[1]), (lungs, findings), films)
    said = f"rounding the weights to float16 for the files changed: {rounding.figures()}"
    return (f"served as in training: {proof.figures()}", said), bundle.identity.digest


def _network(architecture: Architecture, run: Path) -> nn.Module:
    network = build_network(architecture)
    load_best(network, run)
    return network


def _rounded(network: nn.Module) -> nn.Module:
    from copy import deepcopy

    rounded = deepcopy(network)
    round_to_half(rounded)
    return rounded


def _proof_films(films: Path | None, profile: Profile) -> list[Radiograph]:
    if films is None:
        return [phantom_radiograph(make_phantom(_PROOF_SEED + i)) for i in range(_PROOF_FILMS)]
    index = read_prepared(films)
    every = max(1, len(index) // _PROOF_FILMS)
    return [
        as_radiograph(read_pixels(film, GreyScale(profile)), film) for film in index[::every][:_PROOF_FILMS]
    ]


def _operating_point(run: Path) -> ServingPoint:
    try:
        return ServingPoint(**json.loads((run / OPERATING_POINT).read_text(encoding="utf-8")))
    except OSError as error:
        raise UnusableRun(f"{run} has no {OPERATING_POINT}; finish neolung-train classify there") from error
