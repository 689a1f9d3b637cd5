"""Everything that decides what the bundle that ships becomes, and the record of it in the manifest."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib.metadata import version

from pipeline.bundle.manifest import LungCrop, PostProcessing, Preprocessing
from pipeline.networks import UNetArchitecture
from train.augment import Augmentation
from train.findings import FindingSettings
from train.hybrid.film import HYBRID_VERSION
from train.lungs import LungSettings
from train.phantom import GENERATOR_VERSION, PhantomSettings
from train.recipes import FitSettings

_NEWBORN_LUNG_FRACTION = 0.08
"""Mean part of a newborn film that is lung, from the roi_area column of the source paper's example rows."""
_LITE2 = UNetArchitecture(encoder="tf_efficientnet_lite2")


def _first() -> LungSettings:
    fit = FitSettings(epochs=17, learning_rate=8e-4, averaging=0.998)
    return LungSettings(architecture=_LITE2, size=256, fit=fit)


def _lungs() -> LungSettings:
    return LungSettings(
        architecture=_LITE2,
        size=288,
        augmentation=Augmentation(scale=0.25, gamma=0.3, contrast=0.25, haze=0.5),
        fit=FitSettings(epochs=6, learning_rate=3e-4, averaging=0.995),
    )


@dataclass(frozen=True, slots=True)
class Seeds:
    """Seeds of simulated films: to learn from, to calibrate on, and to be measured on."""

    training: range
    validation: range
    fresh: range

    def describe(self) -> dict[str, str]:
        """First and last seed of each."""
        spans = {"training": self.training, "validation": self.validation, "fresh": self.fresh}
        return {name: f"{seeds.start} to {seeds.stop - 1}" for name, seeds in spans.items()}


@dataclass(frozen=True, slots=True)
class ReferencePlan:
    """One way to make the bundle that ships.

    Attributes
    ----------
    first, lungs
        The segmenter at a small size, and the stage that starts from it.
    lung_phantoms, lung_hybrids
        How many simulated films it sees besides the public ones.
    held_back
        Part of the patients beneath the hybrids on whom the classifier is calibrated.
    remarks
        For the model card: what a reader must know beside the numbers.
    """

    version: str = "0.2.0"
    first: LungSettings = field(default_factory=_first)
    lungs: LungSettings = field(default_factory=_lungs)
    findings: FindingSettings = field(default_factory=FindingSettings)
    lung_phantoms: int = 240
    lung_hybrids: int = 240
    phantom_seeds: Seeds = Seeds(range(10_000, 10_500), range(20_000, 20_140), range(30_000, 30_200))
    hybrid_seeds: Seeds = Seeds(range(10_000, 10_400), range(20_000, 20_140), range(30_000, 30_160))
    held_back: float = 0.2
    crop: LungCrop = field(default_factory=LungCrop)
    phantoms: PhantomSettings = field(default_factory=PhantomSettings)
    postprocessing: PostProcessing = field(
        default_factory=lambda: PostProcessing(expected_fraction=_NEWBORN_LUNG_FRACTION, mirror=True)
    )
    remarks: str = ""

    def record(self) -> dict[str, object]:
        """Say what was done, for manifest and model card."""
        first, lungs, findings = self.first, self.lungs, self.findings
        remarks = {"remarks": self.remarks} if self.remarks else {}
        return {
            "lungs": f"{first.fit.epochs} epochs at {first.size} x {first.size}, then {lungs.fit.epochs} at "
            f"{lungs.size} x {lungs.size}, on the public films, {self.lung_phantoms} phantoms and "
            f"{self.lung_hybrids} hybrids",
            "findings": f"{findings.fit.epochs} epochs at {findings.size} x {findings.size} on "
            f"{len(self.phantom_seeds.training)} phantoms and {len(self.hybrid_seeds.training)} hybrids "
            "(SYNTHETIC), lungs drawn and predicted by halves",
            **remarks,
            "settings": {"first": asdict(first), "lungs": asdict(lungs), "findings": asdict(findings)},
            "packages": {
                name: version(name) for name in ("torch", "timm", "segmentation-models-pytorch", "numpy")
            },
            "generators": {"phantoms": GENERATOR_VERSION, "hybrids": HYBRID_VERSION},
            "phantom_seeds": self.phantom_seeds.describe(),
            "hybrid_seeds": self.hybrid_seeds.describe(),
            "preprocessing": Preprocessing(size=lungs.size).model_dump(),
            "calibration": "temperature and Youden threshold on validation phantoms and hybrids (SYNTHETIC)",
        }
