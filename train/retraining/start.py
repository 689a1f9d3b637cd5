"""The networks of a bundle as finished run folders, from which a training can start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.bundle import Manifest
from pipeline.bundle.loading import verify_bundle
from pipeline.bundle.manifest import Network
from pipeline.engines.cuda import load_network
from train.checkpoint import BEST
from train.errors import UnusableRun
from train.export import ExportedNetwork
from train.film_sets import crop_of
from train.recipes import Profile


@dataclass(frozen=True, slots=True)
class StartBundle:
    """A verified bundle to start from.

    Attributes
    ----------
    digest
        SHA-256 of its manifest.
    """

    path: Path
    manifest: Manifest
    digest: str

    @property
    def name(self) -> str:
        """Name and version."""
        return f"{self.manifest.name} {self.manifest.version}"

    @property
    def profile(self) -> Profile:
        """Whose way of showing films it has."""
        return self.manifest.segmenter.postprocessing.profile

    def exported(self, network: Network) -> ExportedNetwork:
        """Give one of its networks as it was exported, to be bound to a new bundle unchanged."""
        return ExportedNetwork(
            weights=self.path / network.weights,
            graph=self.path / network.graph,
            tensors_sha256=network.tensors_sha256,
            device_uid=network.device_uid,
            self_test=network.self_test,
        )


def open_start(path: Path) -> StartBundle:
    """Verify a bundle.

    Raises
    ------
    BundleError
        If it is damaged.
    UnusableRun
        If it shows lungs to its classifier in a way that no recipe here can train.
    """
    manifest, identity = verify_bundle(path)
    start = StartBundle(path, manifest, identity.digest)
    if manifest.classifier.crop != crop_of(start.profile):
        raise UnusableRun(
            f"{path} cuts lungs out unlike the profile {start.profile}; start from another bundle, as the "
            "one that ships"
        )
    return start


def as_run(start: StartBundle, network: Network, folder: Path) -> Path:
    """Write a network's weights as the best epoch of a run folder; once."""
    from safetensors.torch import save_file

    if not (folder / BEST).exists():
        folder.mkdir(parents=True, exist_ok=True)
        state = load_network(start.path / network.weights, network.architecture).state_dict()  # type: ignore[attr-defined]
        partial = folder / f"{BEST}.partial"
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, partial)
        partial.replace(folder / BEST)
    return folder
