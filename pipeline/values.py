"""The values that travel between the stages, from the decoded radiograph to the result objects.

Arrays are ``(rows, columns)``; spacing is ``(between rows, between columns)`` in millimetres; a value that
holds an array or a Data Set compares by identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset


@dataclass(frozen=True, slots=True)
class PixelSpacing:
    """Distance between pixel centres, millimetres.

    Attributes
    ----------
    row_mm, column_mm
        Between rows and between columns, > 0.
    source
        Which attribute it came from: ``fiducial``, ``geometry``, ``imager/magnification`` or ``imager``.
    """

    row_mm: float
    column_mm: float
    source: str


@dataclass(frozen=True, slots=True)
class Orientation:
    """How the stored grid must be turned to stand upright with the patient's right at the left of the image.

    Apply the mirror (left-right) first, then ``quarter_turns`` counter-clockwise turns (``numpy.rot90``).

    Attributes
    ----------
    known
        False when Patient Orientation (0020,0020) is absent or unusable; then the grid is taken as it is.
    """

    mirrored: bool = False
    quarter_turns: int = 0
    known: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Radiograph:
    """One decoded projection image on one grey scale.

    Attributes
    ----------
    pixels
        float32 (rows, columns) in [0, 1], on the source's own grid; 0 is black (air), 1 is white (bone).
    outside
        bool (rows, columns), True where padding or the shutter hides the image; None when nothing is hidden.
    spacing
        None when unknown.
    header
        Data Set without pixels, as received.
    parameters
        How the grey scale was made, for the report: ``voi=window``, ``lossy=10:1``...
    pixel_aspect
        Height of a pixel over its width; known even where the spacing in millimetres is not.
    levels
        Modality values that became the ends of the grey scale; None where that is not known.
    """

    pixels: NDArray[np.float32]
    outside: NDArray[np.bool_] | None
    spacing: PixelSpacing | None
    orientation: Orientation
    header: Dataset
    parameters: tuple[str, ...] = ()
    pixel_aspect: float = 1.0
    levels: tuple[float, float] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pixels.shape[0], self.pixels.shape[1]


class Reason(StrEnum):
    """Why a film is not judged; each has one coded Quality Finding (CID 6135) in the report."""

    POSITIONING = "positioning"
    UNDER_EXPOSED = "under exposed"
    OVER_EXPOSED = "over exposed"
    NO_IMAGE = "no image"
    MOTION = "motion"
    DETECTOR_ARTIFACT = "detector artifact"
    OTHER_ARTIFACT = "other artifact"
    UNSUITED_PROCESSING = "inappropriate image processing"
    SOFTWARE_FAILURE = "software failure"
    OTHER = "other"


class Verdict(StrEnum):
    """What one rule of the gate says."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """One rule of the gate applied to one film.

    Attributes
    ----------
    rule
        Short name: ``modality``, ``age``, ``body part``, ``view``, ``lung area``...
    detail
        What was seen and what would be allowed, without patient identity.
    reason
        Set when the verdict is NO.
    """

    rule: str
    verdict: Verdict
    detail: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Whether a film may be judged, with every rule's verdict in the order of priority."""

    passed: bool
    verdicts: tuple[RuleVerdict, ...]
    reason: Reason | None = None
    explanation: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class LungMask:
    """The lungs on the radiograph's own grid.

    Attributes
    ----------
    pixels
        bool (rows, columns), True inside a lung.
    labels
        uint8 (rows, columns): 0 outside, 1 right lung, 2 left lung; None when the side is not known.
    confidence
        Mean foreground probability inside the mask, [0, 1].
    area_pixels, area_fraction, area_mm2
        Of both lungs; the fraction is of the whole grid; mm2 is None without a spacing.
    hidden_pixels
        Taken for lung where padding or the shutter hides the film; not in the mask.
    """

    pixels: NDArray[np.bool_]
    labels: NDArray[np.uint8] | None
    confidence: float
    area_pixels: int
    area_fraction: float
    area_mm2: float | None
    hidden_pixels: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Respiratory distress syndrome of the newborn, judged.

    Attributes
    ----------
    probability
        Calibrated, [0, 1].
    threshold
        Operating point in [0, 1]; present when ``probability >= threshold``.
    """

    probability: float
    threshold: float

    @property
    def is_present(self) -> bool:
        """Whether the probability reaches the operating point."""
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """One network of a bundle, as DICOM objects name it (PS3.16 TID 4019, AIR 6.5.3.1).

    Attributes
    ----------
    device_uid
        Changes with every training.
    weights_sha256
        Digest of the weights file.
    parameters
        ``name=value`` texts for Algorithm Parameters.
    """

    name: str
    version: str
    device_uid: str
    weights_sha256: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleIdentity:
    """Which models made a result, and the disclaimer of every report; ``digest`` is manifest.json's."""

    name: str
    version: str
    digest: str
    manufacturer: str
    segmenter: ModelIdentity
    classifier: ModelIdentity
    disclaimer: str


class Outcome(StrEnum):
    """How an analysis ended."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_ELIGIBLE = "not eligible"
    NOT_ASSESSABLE = "not assessable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """All that is known of one film after the cascade.

    Attributes
    ----------
    header
        The film's Data Set without pixels, as received.
    radiograph, lung_mask, finding
        None from the stage on at which the film was turned away. A NOT_ASSESSABLE film may keep its mask.
    reason, explanation
        The reason is set unless the outcome is PRESENT or ABSENT. The explanation is free text without
        patient identity; of a film that was judged it names what could not be confirmed.
    verdicts
        Every rule of the gate, header rules first, image rules after them.
    seconds
        Wall-clock time by stage.
    """

    header: Dataset
    outcome: Outcome
    bundle: BundleIdentity
    radiograph: Radiograph | None = None
    lung_mask: LungMask | None = None
    finding: Finding | None = None
    reason: Reason | None = None
    explanation: str = ""
    verdicts: tuple[RuleVerdict, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """The installation that signs result objects, and when.

    Attributes
    ----------
    device_uid
        UID of this installation (Device Observer UID).
    station_name
        Device serial number and observer name.
    made_at
        Timezone-aware; since when the result is asked for, not the clock: a re-run makes equal bytes.
    utc_offset
        Offset of content times when the source states none, ``+0900``.
    generation
        How often the film had been asked for again; each time it gets results of its own.
    """

    device_uid: str
    station_name: str
    made_at: datetime
    utc_offset: str = "+0000"
    generation: int = 0
