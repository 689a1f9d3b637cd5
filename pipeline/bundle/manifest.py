"""What a bundle's ``manifest.json`` says: models, files and digests, operating points, training, data."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.networks import ClassifierArchitecture, UNetArchitecture

FORMAT = "neolung-bundle"
FORMAT_VERSION = 1
MANIFEST_NAME = "manifest.json"
DISCLAIMER = (
    "Research use only: trained on simulated newborn films and public paediatric films, "
    "not validated on newborns; not for diagnosis."
)

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BundleFile(_Part):
    """One file of the bundle, by its name inside the folder."""

    name: FileName
    sha256: Digest
    size_bytes: Annotated[int, Field(ge=0)]


class Preprocessing(_Part):
    """How a grey scale in [0, 1] becomes the network's input.

    Attributes
    ----------
    fit
        ``letterbox`` keeps the aspect and pads, ``stretch`` fills the square (the paper's way).
    size
        Side of the square input, pixels, divisible by 32.
    mean, deviation
        The input is ``(pixels - mean) / deviation``.
    """

    fit: Literal["letterbox", "stretch"] = "letterbox"
    size: Annotated[int, Field(ge=32, le=2048, multiple_of=32)] = 256
    mean: float = 0.5
    deviation: Annotated[float, Field(gt=0)] = 0.5


class PostProcessing(_Part):
    """How lung probabilities become a mask.

    Attributes
    ----------
    profile
        ``paper``: median filter and rotation averaging of the source paper; ``recommended``: fill holes,
        keep the lungs, median last, and choose among four orientations when the mask is implausible.
    threshold
        Probability from which a pixel is lung.
    median_size
        Side of the square median kernel, network pixels.
    canonical_size, rotation_area
        ``paper``: the mask is counted on a square grid of this side; at or below this area rotations are
        averaged.
    mirror
        ``recommended``: the probabilities are averaged with those of the film's mirror image.
    components, smallest_component
        ``recommended``: how many components stay, and their least area as a fraction of the largest.
    expected_fraction, least_ratio
        ``recommended``: mean lung fraction of the training films; a mask below ``least_ratio`` of it is
        implausible.
    """

    profile: Literal["paper", "recommended"] = "recommended"
    threshold: Fraction = 0.5
    median_size: Annotated[int, Field(ge=1, le=31)] = 5
    canonical_size: int = 1024
    rotation_area: int = 30_000
    mirror: bool = False
    components: Annotated[int, Field(ge=1)] = 2
    smallest_component: Fraction = 0.10
    expected_fraction: Fraction = 0.20
    least_ratio: Fraction = 0.30


class LungCrop(_Part):
    """What the classifier sees of the film.

    Attributes
    ----------
    frame
        ``lungs``: their bounding box and a margin. ``film``: all of it, stretched to the square (the paper's
        way).
    margin
        Added on each side, as a fraction of the box's longer side.
    dilation_mm, dilation_fraction
        The mask grows by this much before the outside is painted over; the fraction (of the box's side) is
        used when the pixel spacing is unknown. With 0 it is cut at its edge.
    background
        ``lung mean`` paints the outside with the mean inside the lungs, ``black`` with 0 (the paper's way),
        ``film`` leaves it (crop only).
    """

    frame: Literal["lungs", "film"] = "lungs"
    margin: Fraction = 0.10
    dilation_mm: Annotated[float, Field(ge=0)] = 3.0
    dilation_fraction: Fraction = 0.03
    background: Literal["lung mean", "black", "film"] = "lung mean"


class Network(_Part):
    """One network: its files and how it is named in DICOM objects.

    Attributes
    ----------
    device_uid
        Derived from the weights' digest, so it changes with every training.
    weights, graph
        Safetensors file (float16) and the ONNX graph that reads its weights from it.
    tensors_sha256
        Digest of every tensor's name, type and shape, as the architecture demands them.
    self_test
        Some outputs that the training code gave for the fixed test input.
    """

    name: str
    version: str
    device_uid: Annotated[str, Field(pattern=r"^2\.25\.[1-9][0-9]*$")]
    weights: FileName
    graph: FileName
    tensors_sha256: Digest
    self_test: tuple[float, ...]


class Segmenter(Network):
    """The lung segmenter."""

    architecture: UNetArchitecture
    preprocessing: Preprocessing
    postprocessing: PostProcessing


class Abstention(_Part):
    """When the cascade answers "not assessable" instead of a finding.

    Attributes
    ----------
    probability_from, probability_to
        Calibrated probabilities strictly between them are not judged; equal values never abstain.
    least_confidence
        Least mean lung probability inside the mask.
    """

    probability_from: Fraction = 0.5
    probability_to: Fraction = 0.5
    least_confidence: Fraction = 0.0


class Classifier(Network):
    """The classifier of respiratory distress syndrome.

    Attributes
    ----------
    temperature, bias
        Platt scaling: logits are divided by the one and the other is added before the logistic function; both
        are fitted on validation films.
    threshold
        Calibrated probability from which the finding is present; chosen on validation films.
    """

    architecture: ClassifierArchitecture
    preprocessing: Preprocessing
    crop: LungCrop
    temperature: Annotated[float, Field(gt=0)] = 1.0
    bias: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    threshold: Fraction = 0.5
    abstention: Abstention = Abstention()


class DataSource(_Part):
    """Films or weights the training used, with the attribution their licence asks for."""

    title: str
    licence: str
    attribution: str
    used_for: str


class Manifest(_Part):
    """The whole manifest.

    Attributes
    ----------
    validated_on_newborns
        False until a study on newborn films says otherwise; reports repeat ``disclaimer``.
    files
        Every file of the folder but the manifest itself.
    training, evaluation
        How the weights came about and what was measured, for people; plain JSON.
    """

    format: Literal["neolung-bundle"] = "neolung-bundle"
    format_version: Literal[1] = 1
    name: str
    version: str
    manufacturer: str
    created: str
    validated_on_newborns: bool
    disclaimer: Annotated[str, Field(min_length=1)]
    segmenter: Segmenter
    classifier: Classifier
    files: tuple[BundleFile, ...]
    training: dict[str, object]
    evaluation: dict[str, object]
    data: tuple[DataSource, ...]


def device_uid(weights_sha256: str) -> str:
    """Derive the DICOM Device UID of a network from its weights' digest (PS3.5 B.2, UUID version 5)."""
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, f'neolung weights {weights_sha256}').int}"


def sha256_of(content: bytes) -> str:
    """Digest as lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()
