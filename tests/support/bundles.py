"""Tiny bundles with random weights, so that tests of serving need no trained model.

>>> path = make_tiny_bundle(folder)
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.bundle.manifest import MANIFEST_NAME, LungCrop, PostProcessing, device_uid, sha256_of
from pipeline.networks import ClassifierArchitecture, UNetArchitecture, build_network
from train.bundling import BundleParts, write_bundle
from train.export import export_network

SIZE = 64
UNET = UNetArchitecture(encoder="test_efficientnet", decoder_channels=(16, 8, 8, 8, 8))
CLASSIFIER = ClassifierArchitecture(backbone="test_efficientnet")


class GreyEngine:
    """Calls lung what is darker than tissue and brighter than air: enough for drawn chests."""

    device = "cpu"

    def __init__(self) -> None:
        self.seen: list[NDArray[np.float32]] = []

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(batch)
        grey = batch * 0.5 + 0.5
        return np.float32(60) * (np.float32(0.12) - np.abs(grey - np.float32(0.32)))


def make_tiny_bundle(out: Path, *, seed: int = 0, profile: str = "recommended") -> Path:
    """Write a bundle of two small networks with random weights that depend on the seed."""
    import torch

    torch.manual_seed(seed)
    unet, classifier = build_network(UNET), build_network(CLASSIFIER)
    parts = BundleParts(
        name="tiny",
        version="1",
        created="2024-03-02",
        unet=UNET,
        classifier=CLASSIFIER,
        lung_size=SIZE,
        crop_size=SIZE,
        crop=LungCrop(),
        temperature=1.5,
        threshold=0.5,
        training={},
        evaluation={},
        postprocessing=PostProcessing.model_validate({"profile": profile}),
        data=(),
    )
    exports = out.parent / f"{out.name}-exports"
    exports.mkdir()
    segmenter = export_network(unet, SIZE, exports, "segmenter")
    judge = export_network(classifier, SIZE, exports, "classifier")
    write_bundle(out, segmenter, judge, parts, "# A tiny bundle with random weights, for tests\n")
    return out


def sign_again(bundle: Path, **changes: object) -> None:
    """Write a manifest whose digests fit the files as they are now, so that only deeper checks can object.

    Parameters
    ----------
    changes
        Values by dotted key with ``__`` for the dot, ``segmenter__version="2"``.
    """
    path = bundle / MANIFEST_NAME
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for entry in manifest["files"]:
        content = (bundle / entry["name"]).read_bytes()
        entry.update(sha256=sha256_of(content), size_bytes=len(content))
    digests = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    for part in (manifest["segmenter"], manifest["classifier"]):
        part["device_uid"] = device_uid(digests[part["weights"]])
    for key, value in changes.items():
        *folders, last = key.split("__")
        part = manifest
        for folder in folders:
            part = part[folder]
        part[last] = value
    path.write_text(json.dumps(manifest), encoding="utf-8")
