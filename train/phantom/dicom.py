"""Phantoms as DICOM films with an invented header that says on every line that nobody is meant."""

from __future__ import annotations

import uuid

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from train.phantom.film import GENERATOR_VERSION, Phantom, PhantomSettings, make_phantom

COMMENT = "SYNTHETIC - NOT A PATIENT"
BITS = 12
_ORIENTATIONS = {0: ["L", "F"], 1: ["H", "L"], 2: ["R", "H"], 3: ["F", "R"]}
"""Patient Orientation of a stored film by the quarter turns that make it upright."""


def phantom_dataset(seed: int, settings: PhantomSettings | None = None) -> Dataset:
    """Make the DX film of a seed: FOR PRESENTATION, 12 bits, Explicit VR Little Endian, with File Meta.

    The same seed and settings give the same Data Set, UIDs included.
    """
    return dataset_of(make_phantom(seed, settings or PhantomSettings(long_side=1024)))


def dataset_of(film: Phantom) -> Dataset:
    """Wrap a phantom; see `phantom_dataset`."""
    rng = np.random.default_rng([GENERATOR_VERSION, film.seed, 1])
    dataset = Dataset()
    _identify(dataset, film)
    _describe_patient(dataset, film, rng)
    _describe_acquisition(dataset, film, rng)
    _set_pixels(dataset, film, rng)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.ImplementationClassUID = _uid("implementation")
    return dataset


def _uid(*parts: object) -> UID:
    text = " ".join(str(part) for part in ("neolung phantom", GENERATOR_VERSION, *parts))
    return UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, text).int}")


def _identify(dataset: Dataset, film: Phantom) -> None:
    key = (film.seed, *film.pixels.shape)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = _uid("instance", *key)
    dataset.SeriesInstanceUID = _uid("series", *key)
    dataset.StudyInstanceUID = _uid("study", *key)
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = (
        str(film.seed % 10**8),
        1,
        1,
    )
    dataset.AccessionNumber = f"PH{film.seed % 10**8:08d}"
    dataset.Modality, dataset.ImageType = "DX", ["ORIGINAL", "PRIMARY"]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.ReferringPhysicianName = ""
    dataset.ImageComments = COMMENT
    dataset.SoftwareVersions = f"phantom generator {GENERATOR_VERSION}, seed {film.seed}"


def _describe_patient(dataset: Dataset, film: Phantom, rng: np.random.Generator) -> None:
    days = int(rng.integers(0, 4))
    dataset.PatientName, dataset.PatientID = (
        f"PHANTOM^{film.seed}",
        f"PHANTOM-{film.seed}",
    )
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = COMMENT
    dataset.PatientBirthDate, dataset.PatientSex = "", "O"
    dataset.PatientAge = f"{days:03d}D"
    dataset.PatientWeight = f"{film.baby.weight_g / 1000:.3f}"
    date = f"2024{int(rng.integers(1, 13)):02d}{int(rng.integers(1, 29)):02d}"
    time = f"{int(rng.integers(0, 24)):02d}{int(rng.integers(0, 60)):02d}00"
    for kind in ("Study", "Series", "Acquisition", "Content"):
        setattr(dataset, f"{kind}Date", date)
        setattr(dataset, f"{kind}Time", time)


def _describe_acquisition(dataset: Dataset, film: Phantom, rng: np.random.Generator) -> None:
    dataset.Manufacturer = f"SynthVendor{rng.choice(['A', 'B', 'C'])}"
    dataset.ManufacturerModelName = "Simulated detector"
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", "AP"
    dataset.AnatomicRegionSequence = [_code("51185008", "Chest")]
    view = _code("399348003", "antero-posterior")
    view.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view]
    dataset.ImageLaterality = "U"
    sideways_unsaid = film.turns and rng.random() < 0.3
    dataset.PatientOrientation = None if sideways_unsaid else _ORIENTATIONS[film.turns]
    dataset.ImagerPixelSpacing = [f"{film.pitch_mm:.5f}"] * 2
    dataset.KVP, dataset.Exposure = f"{rng.uniform(55, 66):.0f}", "1"
    dataset.DistanceSourceToDetector = "1000"
    dataset.DetectorType, dataset.PositionerType = "DIRECT", ""
    dataset.AcquisitionContextSequence = []
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = (
        value,
        "SCT",
        meaning,
    )
    return code


def _set_pixels(dataset: Dataset, film: Phantom, rng: np.random.Generator) -> None:
    top = 2**BITS - 1
    inverted = bool(rng.random() < 0.25)
    values = np.rint((1 - film.pixels if inverted else film.pixels) * top).astype("<u2")
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, BITS, BITS - 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (BITS - 1), 2**BITS
    dataset.PixelData = values.tobytes()
