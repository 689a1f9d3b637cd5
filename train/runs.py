"""Finished run folders: their settings, and their best network exported once."""

from __future__ import annotations

from pathlib import Path

from pipeline.bundle.manifest import sha256_of
from pipeline.networks import Architecture, ClassifierArchitecture, UNetArchitecture, build_network
from train.checkpoint import BEST, load_best, read_settings
from train.errors import UnusableRun
from train.export import ExportedNetwork, export_network
from train.recipes import Profile


def lung_architecture(run: Path) -> UNetArchitecture:
    """Network of a segmenter's run."""
    fields = read_settings(run)["architecture"]
    return UNetArchitecture(fields["encoder"], tuple(fields["decoder_channels"]))


def finding_architecture(run: Path) -> ClassifierArchitecture:
    """Network of a classifier's run."""
    return ClassifierArchitecture(**read_settings(run)["architecture"])


def input_size(run: Path) -> int:
    """Side of the network's input."""
    return int(read_settings(run)["size"])


def profile_of(run: Path) -> Profile:
    """Whose way of showing films it learnt by."""
    profile: Profile = read_settings(run).get("profile", "recommended")
    return profile


def export_lungs(run: Path) -> ExportedNetwork:
    """Export the best segmenter of a run, or find it exported."""
    return _export_once(run, lung_architecture(run), "segmenter")


def export_findings(run: Path) -> ExportedNetwork:
    """Export the best classifier of a run, or find it exported."""
    return _export_once(run, finding_architecture(run), "classifier")


def _export_once(run: Path, architecture: Architecture, name: str) -> ExportedNetwork:
    folder = run / "export" / _digest(run)[:16]
    record = folder / "exported.json"
    if not record.exists():
        folder.mkdir(parents=True, exist_ok=True)
        network = build_network(architecture)
        load_best(network, run)
        export_network(network, input_size(run), folder, name).write(record)
    return ExportedNetwork.read(record)


def _digest(run: Path) -> str:
    try:
        return sha256_of((run / BEST).read_bytes())
    except OSError as error:
        raise UnusableRun(f"{run} has no finished epoch yet: {error.strerror}") from error
