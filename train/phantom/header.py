"""Invented headers of newborn CR and DX films, which say in many places that nobody is meant."""

from __future__ import annotations

import uuid

import numpy as np
from pydicom import Dataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation

from train.phantom.film import GENERATOR_VERSION, Phantom

COMMENT = "SYNTHETIC - NOT A PATIENT"
PRIVATE_GROUP, PRIVATE_CREATOR = 0x0029, "NEOLUNG PHANTOM"
UPRIGHT = {0: ["L", "F"], 1: ["H", "L"], 2: ["R", "H"], 3: ["F", "R"]}
"""Patient Orientation of a stored film by the quarter turns that make it upright (PS3.3 C.7.6.1.1.1)."""
_BODY_PARTS = (("CHEST", 0.8), ("CHESTABDOMEN", 0.1), ("", 0.1))


def make_uid(*parts: object) -> UID:
    """Derive a UID from what it names: the same parts give the same UID."""
    text = " ".join(str(part) for part in ("neolung phantom", GENERATOR_VERSION, *parts))
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, text).int}")


def key_of(film: Phantom) -> tuple[object, ...]:
    """Everything that tells one film of this generator from another."""
    devices = ",".join(f"{device.name} {device.tip}" for device in film.devices)
    return (film.seed, *film.pixels.shape, film.turns, film.baby.disease.value, devices)


def identify(dataset: Dataset, film: Phantom, *, computed: bool) -> None:
    """Write the SOP Common, Study and Series Modules.

    Parameters
    ----------
    computed
        A Computed Radiography film; else Digital X-Ray.
    """
    key = key_of(film)
    kind = ComputedRadiographyImageStorage if computed else DigitalXRayImageStorageForPresentation
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = kind
    dataset.SOPInstanceUID = make_uid("instance", *key)
    dataset.SeriesInstanceUID = make_uid("series", *key)
    dataset.StudyInstanceUID = make_uid("study", *key)
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = str(film.seed % 10**8), 1, 1
    dataset.AccessionNumber = f"PH{film.seed % 10**8:08d}"
    dataset.Modality, dataset.ImageType = "CR" if computed else "DX", ["ORIGINAL", "PRIMARY"]
    dataset.ReferringPhysicianName = ""
    dataset.ImageComments = COMMENT
    dataset.SoftwareVersions = f"phantom generator {GENERATOR_VERSION}, seed {film.seed}"
    block = dataset.private_block(PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
    block.add_new(0x01, "LO", str(GENERATOR_VERSION))
    block.add_new(0x02, "LO", str(film.seed))


def describe_patient(dataset: Dataset, film: Phantom, rng: np.random.Generator) -> None:
    """Write the Patient Modules and an invented date."""
    baby = film.baby
    dataset.PatientName, dataset.PatientID = f"PHANTOM^{film.seed}", f"PHANTOM-{film.seed}"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = COMMENT
    dataset.PatientBirthDate, dataset.PatientSex = "", "O"
    dataset.PatientAge = f"{baby.age_days:03d}D"
    dataset.PatientWeight = f"{np.clip(baby.weight_g / 1000, 0.5, 4.2):.3f}"
    dataset.PatientSize = f"{np.clip(baby.length_mm / 1000, 0.30, 0.54):.3f}"
    date = f"2024{int(rng.integers(1, 13)):02d}{int(rng.integers(1, 29)):02d}"
    time = f"{int(rng.integers(0, 24)):02d}{int(rng.integers(0, 60)):02d}00"
    for kind in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{kind}Date", date)
        setattr(dataset, f"{kind}Time", time)


def describe_exposure(dataset: Dataset, film: Phantom, rng: np.random.Generator) -> None:
    """Write what CR and DX films have in common of their making."""
    voltage, charge = rng.uniform(56, 66), rng.uniform(0.5, 1.6)
    dataset.Manufacturer = film.vendor.name
    dataset.ManufacturerModelName = "Simulated detector"
    dataset.BodyPartExamined = str(
        rng.choice([part for part, _ in _BODY_PARTS], p=[share for _, share in _BODY_PARTS])
    )
    dataset.ViewPosition = "AP"
    dataset.KVP, dataset.Exposure = f"{voltage:.0f}", str(max(1, round(charge)))
    dataset.ExposureInuAs = str(round(1000 * charge))
    dataset.ExposureIndex = f"{rng.uniform(120, 480):.0f}"
    dataset.DistanceSourceToDetector = str(rng.choice(["1000", "1050", "1150"]))
    spacing = [f"{film.pitch_mm:.5f}"] * 2
    dataset.ImagerPixelSpacing = spacing
    if rng.random() < 0.3:
        dataset.PixelSpacing = spacing
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"


def state_orientation(dataset: Dataset, film: Phantom, rng: np.random.Generator) -> str:
    """Write Patient Orientation; returns "right", "wrong" or "empty".

    Films stored sideways state it wrongly in 15 % and not at all in 15 %, upright ones not at all in 5 %.
    """
    draw = rng.random()
    if draw < (0.15 if film.turns else 0.05):
        dataset.PatientOrientation = None
        return "empty"
    if film.turns and draw < 0.30:
        dataset.PatientOrientation = UPRIGHT[0]
        return "wrong"
    dataset.PatientOrientation = UPRIGHT[film.turns]
    return "right"


def complete_digital(dataset: Dataset) -> None:
    """Add what a DX film must have and a CR film has not (PS3.3 A.26)."""
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.AnatomicRegionSequence = [_code("51185008", "Chest")]
    view = _code("399348003", "antero-posterior")
    view.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view]
    dataset.ImageLaterality = "U"
    dataset.DetectorType, dataset.PositionerType = "DIRECT", ""
    dataset.AcquisitionContextSequence = []


def complete_computed(dataset: Dataset, rng: np.random.Generator) -> None:
    """Add what belongs to a CR film (PS3.3 C.8.1)."""
    dataset.PlateType, dataset.CassetteSize = "simulated", "24CMX30CM"
    dataset.Sensitivity = f"{rng.uniform(150, 400):.0f}"


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code
