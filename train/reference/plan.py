"""Everything that decides what the bundle that ships becomes, and the record of it in the manifest."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
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


_WIDE = Augmentation(scale=0.25, gamma=0.3, contrast=0.25, haze=0.5)
_STAGES = (
    LungSettings(_LITE2, fit=FitSettings(epochs=17, learning_rate=8e-4, averaging=0.998)),
    LungSettings(_LITE2, size=288, augmentation=_WIDE, fit=FitSettings(epochs=6, learning_rate=3e-4)),
    LungSettings(
        _LITE2,
        size=288,
        augmentation=replace(_WIDE, haze=0.25, extension=0.35),
        fit=FitSettings(epochs=3, learning_rate=2e-4),
    ),
)
"""At a small size first; then with more white lungs; last with more abdomen, which is as grey as those."""


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
    lungs
        The segmenter's stages; each starts from the one before.
    lung_phantoms, lung_hybrids
        How many simulated films it sees besides the public ones.
    calibration_seeds
        Of the phantoms on which probabilities are calibrated; none of them was learnt from.
    phantoms, served_phantoms
        How phantoms are drawn to learn from, and as DICOM films to calibrate and to measure on.
    held_back
        Part of the patients beneath the hybrids on whom the classifier is calibrated.
    remarks
        For the model card: what a reader must know beside the numbers.
    """

    version: str = "0.2.1"
    lungs: tuple[LungSettings, ...] = _STAGES
    findings: FindingSettings = field(default_factory=FindingSettings)
    lung_phantoms: int = 240
    lung_hybrids: int = 240
    phantom_seeds: Seeds = Seeds(range(10_000, 10_500), range(20_000, 20_140), range(61_000, 61_400))
    calibration_seeds: range = range(20_000, 20_300)
    hybrid_seeds: Seeds = Seeds(range(10_000, 10_400), range(20_000, 20_140), range(61_000, 61_200))
    held_back: float = 0.2
    crop: LungCrop = field(default_factory=LungCrop)
    phantoms: PhantomSettings = field(default_factory=PhantomSettings)
    served_phantoms: PhantomSettings = field(default_factory=lambda: PhantomSettings(long_side=None))
    postprocessing: PostProcessing = field(
        default_factory=lambda: PostProcessing(expected_fraction=_NEWBORN_LUNG_FRACTION, mirror=True)
    )
    remarks: str = ""

    def record(self) -> dict[str, object]:
        """Say what was done, for manifest and model card."""
        findings = self.findings
        stages = ", then ".join(f"{one.fit.epochs} epochs at {one.size} x {one.size}" for one in self.lungs)
        remarks = {"remarks": self.remarks} if self.remarks else {}
        return {
            "lungs": f"{stages}, on the public films, {self.lung_phantoms} phantoms and {self.lung_hybrids} "
            "hybrids",
            "findings": f"{findings.fit.epochs} epochs at {findings.size} x {findings.size} on "
            f"{len(self.phantom_seeds.training)} phantoms and {len(self.hybrid_seeds.training)} hybrids "
            "(SYNTHETIC), lungs drawn and predicted by halves",
            **remarks,
            "settings": {"lungs": [asdict(one) for one in self.lungs], "findings": asdict(findings)},
            "packages": {
                name: version(name) for name in ("torch", "timm", "segmentation-models-pytorch", "numpy")
            },
            "generators": {"phantoms": GENERATOR_VERSION, "hybrids": HYBRID_VERSION},
            "phantom_seeds": self.phantom_seeds.describe(),
            "hybrid_seeds": self.hybrid_seeds.describe(),
            "preprocessing": Preprocessing(size=self.lungs[-1].size).model_dump(),
            "calibration": f"temperature and bias on {len(self.calibration_seeds)} validation phantoms as "
            "DICOM films; Youden threshold on those and the validation hybrids (SYNTHETIC)",
        }
