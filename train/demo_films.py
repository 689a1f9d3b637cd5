"""Makes the films that ``neolung demo`` sends: public paediatric films and phantoms under invented headers.

The pixels of the paediatric films are real (CC BY 4.0, see the README beside the films); every header is
invented and says so. No film shows a newborn.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import Dataset, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
)

from train.phantom.baby import Disease
from train.phantom.dicom import dataset_of
from train.phantom.film import PhantomSettings, make_phantom

NAMESPACE = uuid.UUID("5f0c6ad4-8a53-4f0e-9a5c-0d0e1f5b7a11")
COMMENT = "DEMONSTRATION - invented header - not a newborn - not for clinical use"


@dataclass(frozen=True, slots=True)
class PaediatricFilm:
    """One public film and the header it is given.

    Attributes
    ----------
    source
        File name in the paediatric set, without suffix.
    age
        Patient Age (0010,1010), or empty: then the gate cannot know the age.
    """

    name: str
    source: str
    patient_name: str
    age: str = ""


PAEDIATRIC_FILMS = (
    PaediatricFilm("child-clear", "NORMAL2-IM-0829-0001", "DEMO^CLEAR"),
    PaediatricFilm("child-haze", "person319_virus_646", "홍^길동"),
    PaediatricFilm("child-white", "person1429_bacteria_3691", "DEMO^WHITE"),
    PaediatricFilm("child-of-four", "IM-0684-0001", "DEMO^FOUR YEARS", age="004Y"),
)


def make_paediatric_film(film: PaediatricFilm, images: Path) -> Dataset:
    """Wrap one public film into an invented CR header.

    Parameters
    ----------
    images
        Folder of the JPEG files.

    Returns
    -------
    Dataset
        8-bit MONOCHROME2, JPEG-LS lossless; UIDs depend on the film's name only.
    """
    with Image.open(images / f"{film.source}.jpg") as picture:
        pixels = np.asarray(picture.convert("L"))
    dataset = _header(film)
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    return dataset


@dataclass(frozen=True, slots=True)
class PhantomFilm:
    """One simulated newborn film of the demonstration."""

    name: str
    seed: int
    disease: Disease
    sideways: bool = False


PHANTOM_FILMS = (
    PhantomFilm("phantom-normal", 101, Disease.NORMAL),
    PhantomFilm("phantom-rds-2", 102, Disease.RDS_2),
    PhantomFilm("phantom-rds-4", 103, Disease.RDS_4),
    PhantomFilm("phantom-sideways", 104, Disease.RDS_3, sideways=True),
)


def make_phantom_film(film: PhantomFilm) -> Dataset:
    """Draw one phantom as DX, 12-bit, JPEG-LS lossless."""
    settings = PhantomSettings(long_side=1024, sideways=1.0 if film.sideways else 0.0, whole_baby=0.0)
    dataset = dataset_of(make_phantom(film.seed, settings, disease=film.disease))
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    return dataset


def write_demo_films(images: Path, out: Path) -> None:
    """Write every film of the demonstration.

    Parameters
    ----------
    images
        Folder of the paediatric JPEG files.
    """
    out.mkdir(parents=True, exist_ok=True)
    for paediatric in PAEDIATRIC_FILMS:
        write_film(make_paediatric_film(paediatric, images), out / f"{paediatric.name}.dcm")
    for phantom in PHANTOM_FILMS:
        write_film(make_phantom_film(phantom), out / f"{phantom.name}.dcm")


def write_film(dataset: Dataset, path: Path) -> None:
    """Write a Part 10 file."""
    dcmwrite(path, dataset, enforce_file_format=True)


def _header(film: PaediatricFilm) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = _uid(film, "instance")
    dataset.SeriesInstanceUID = _uid(film, "series")
    dataset.StudyInstanceUID = _uid(film, "study")
    dataset.PatientName = film.patient_name
    dataset.PatientID = f"DEMO-{film.name}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = "O"
    if film.age:
        dataset.PatientAge = film.age
    dataset.StudyDate = dataset.AcquisitionDate = dataset.SeriesDate = dataset.ContentDate = "20260101"
    dataset.StudyTime = dataset.AcquisitionTime = dataset.SeriesTime = dataset.ContentTime = "083000"
    dataset.AccessionNumber = ""
    dataset.StudyID = "1"
    dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = "neolung demonstration"
    dataset.StudyDescription = "Chest AP (demonstration)"
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    dataset.ImageComments = COMMENT
    _acquisition(dataset)
    return dataset


def _acquisition(dataset: Dataset) -> None:
    dataset.Modality = "CR"
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = "AP"
    dataset.PatientOrientation = ["L", "F"]
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = 128, 256
    dataset.LossyImageCompression = "01"  # the public films are JPEG files
    dataset.LossyImageCompressionRatio = 10
    dataset.LossyImageCompressionMethod = "ISO_10918_1"


def _uid(film: PaediatricFilm, level: str) -> UID:
    return UID(f"2.25.{uuid.uuid5(NAMESPACE, f'{film.name}/{level}').int}")
