"""Read a bundle, believe nothing that its manifest's digests do not prove, and warm its engines."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from pipeline.bundle.manifest import (
    MANIFEST_NAME,
    Classifier,
    Manifest,
    Network,
    Segmenter,
    device_uid,
    sha256_of,
)
from pipeline.bundle.tensors import read_tensor_table, require_finite, signature_of
from pipeline.engines import Engine, Placement, make_engine
from pipeline.errors import BundleError
from pipeline.values import BundleIdentity, ModelIdentity

Device = Literal["auto", "cpu", "cuda"]
SELF_TEST_TOLERANCES = {"cpu": (0.02, 0.0), "cuda": (0.5, 0.1)}
"""Absolute and relative difference, in logits, that an engine's answer to the test input may have."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A verified bundle with warm engines.

    Attributes
    ----------
    segmenter, classifier
        Engines that take float32 (N, 1, S, S) and give logits.
    """

    path: Path
    manifest: Manifest
    identity: BundleIdentity
    segmenter: Engine
    classifier: Engine


def reference_bundle() -> Path:
    """Folder of the bundle that ships with the product."""
    return Path(__file__).resolve().parent.parent / "bundles" / "reference"


def read_manifest(path: Path) -> tuple[Manifest, str]:
    """Read and validate ``manifest.json`` alone; see `verify_bundle` for the files it names.

    Returns
    -------
    tuple
        The manifest and its own SHA-256, which is the bundle's digest.

    Raises
    ------
    BundleError
        If the folder has no manifest, or one of another format.
    """
    try:
        content = (path / MANIFEST_NAME).read_bytes()
    except OSError as error:
        raise BundleError(f"{path} has no readable {MANIFEST_NAME}: {error.strerror}") from error
    try:
        return Manifest.model_validate_json(content), sha256_of(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BundleError(
            f"{path / MANIFEST_NAME}: {place}: {first['msg']}; is it from a newer version?"
        ) from error


def verify_bundle(path: Path) -> tuple[Manifest, BundleIdentity]:
    """Check every file of a bundle against its manifest, and the weights against their architecture.

    Raises
    ------
    BundleError
        Names the first file that is missing, changed, a pickle, not finite, or of another network.
    """
    manifest, digest = read_manifest(path)
    digests = {file.name: file.sha256 for file in manifest.files}
    for name, expected in digests.items():
        _require_digest(path / name, expected)
    for network in (manifest.segmenter, manifest.classifier):
        _verify_network(path, network, digests)
    return manifest, _identify(manifest, digest, digests)


def load_bundle(path: Path, *, device: Device = "auto", threads: int = 1, micro_batch: int = 16) -> Bundle:
    """Verify a bundle and warm its engines.

    Parameters
    ----------
    device
        ``cpu``: ONNX Runtime, without torch. ``cuda``: torch. ``auto``: CUDA where torch and a device are.
    threads
        Of the CPU engine; 0 lets it choose. Another number may turn a pixel on the edge of a mask, because
        sums are rounded in another order; one is what a worker process has on up to eight cores.
    micro_batch
        Most films at once on a CUDA device.

    Raises
    ------
    BundleError
        If `verify_bundle` refuses it, or an engine answers the test input unlike the training code.
    """
    manifest, identity = verify_bundle(path)
    placement = Placement(device=device, threads=threads, micro_batch=micro_batch)
    engines = []
    for network in (manifest.segmenter, manifest.classifier):
        engine = make_engine(path / network.graph, path / network.weights, network.architecture, placement)
        _self_test(engine, network)
        engines.append(engine)
    _log.info("bundle %s %s is ready on %s", manifest.name, manifest.version, engines[0].device)
    return Bundle(path, manifest, identity, engines[0], engines[1])


def self_test_input(size: int) -> NDArray[np.float32]:
    """Make the fixed input (1, 1, size, size) by which engines are compared with the training code."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float64) / size
    waves = np.cos(7.0 * x + 3.0 * y) * np.cos(11.0 * y - 2.0 * x) + 0.5 * np.cos(61.0 * x * y)
    return np.ascontiguousarray(waves[None, None] / 1.5, np.float32)


def sample_outputs(logits: NDArray[np.float32]) -> tuple[float, ...]:
    """Take at most 16 evenly spread values of an engine's answer."""
    flat = logits.reshape(-1)
    return tuple(round(float(value), 5) for value in flat[:: max(1, flat.size // 16)][:16])


def _require_digest(file: Path, expected: str) -> None:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{file.name} of the bundle {file.parent} cannot be read: {error.strerror}"
        ) from error
    if sha256_of(content) != expected:
        raise BundleError(
            f"{file.name} of the bundle {file.parent} has changed: its digest is not the manifest's"
        )


def _verify_network(path: Path, network: Network, digests: dict[str, str]) -> None:
    for name in (network.weights, network.graph):
        if name not in digests:
            raise BundleError(f"{network.name}: {name} is used but not among the manifest's files")
    if device_uid(digests[network.weights]) != network.device_uid:
        raise BundleError(f"{network.name}: the Device UID does not belong to these weights")
    tensors = read_tensor_table(path / network.weights)
    if signature_of(tensors) != network.tensors_sha256:
        raise BundleError(
            f"{network.weights} holds the tensors of another architecture than {network.name}'s"
        )
    require_finite(path / network.weights, tensors)


def _self_test(engine: Engine, network: Segmenter | Classifier) -> None:
    size = network.preprocessing.size
    answer = np.array(sample_outputs(engine.run(self_test_input(size))))
    absolute, relative = SELF_TEST_TOLERANCES[engine.device]
    expected = np.array(network.self_test)
    if answer.shape != expected.shape or not np.allclose(answer, expected, atol=absolute, rtol=relative):
        raise BundleError(f"{network.name} gives other numbers here than where it was trained; do not use it")


def _identify(manifest: Manifest, digest: str, digests: dict[str, str]) -> BundleIdentity:
    crop = manifest.classifier.crop
    segmenter = _identify_network(
        manifest.segmenter, digests, f"profile={manifest.segmenter.postprocessing.profile}"
    )
    classifier = _identify_network(
        manifest.classifier,
        digests,
        f"background={crop.background}",
        f"temperature={manifest.classifier.temperature:g}",
        f"bias={manifest.classifier.bias:g}",
        f"threshold={manifest.classifier.threshold:g}",
    )
    return BundleIdentity(
        name=manifest.name,
        version=manifest.version,
        digest=digest,
        manufacturer=manifest.manufacturer,
        segmenter=segmenter,
        classifier=classifier,
        disclaimer=manifest.disclaimer,
    )


def _identify_network(network: Network, digests: dict[str, str], *parameters: str) -> ModelIdentity:
    return ModelIdentity(
        name=network.name,
        version=network.version,
        device_uid=network.device_uid,
        weights_sha256=digests[network.weights],
        parameters=parameters,
    )
