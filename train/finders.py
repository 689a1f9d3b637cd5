"""Where lungs come from when a classifier is trained: a bundle's segmenter, or that of a run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.bundle import load_bundle, reference_bundle
from pipeline.bundle.manifest import MANIFEST_NAME, PostProcessing, Segmenter, sha256_of
from pipeline.networks import build_network
from pipeline.segment import LungSegmenter
from train.checkpoint import BEST, load_best
from train.engine import TorchEngine, best_device, segmenter_of
from train.runs import input_size, lung_architecture, profile_of


@dataclass(frozen=True, slots=True)
class LungFinder:
    """A segmenter ready to be asked, and the digest of its weights."""

    segmenter: LungSegmenter
    digest: str


def lung_finder(source: Path | None = None) -> LungFinder:
    """Take the segmenter of a bundle or of a run folder; of the bundle that ships when none is named.

    Raises
    ------
    UnusableRun, BundleError
        If the folder is neither, or is damaged.
    """
    folder = source or reference_bundle()
    if (folder / MANIFEST_NAME).exists():
        bundle = load_bundle(folder, device="cpu")
        segmenter = LungSegmenter(bundle.segmenter, bundle.manifest.segmenter)
        return LungFinder(segmenter, bundle.identity.segmenter.weights_sha256)
    profile = profile_of(folder)
    return run_finder(folder, segmenter_of(input_size(folder), profile, PostProcessing(profile=profile)))


def run_finder(run: Path, model: Segmenter) -> LungFinder:
    """Take the segmenter of a run folder, with input and post-processing as ``model`` says.

    Raises
    ------
    UnusableRun
        If no epoch is finished there.
    """
    network = build_network(lung_architecture(run))
    load_best(network, run)
    network.to(best_device())
    return LungFinder(LungSegmenter(TorchEngine(network), model), sha256_of((run / BEST).read_bytes()))
