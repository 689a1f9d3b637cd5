"""Pictures as DX files of an invented newborn, so that a node takes them."""

from __future__ import annotations

import uuid

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import UID, DigitalXRayImageStorageForPresentation

from pipeline.results import to_part10
from train.data.index import IndexedFilm
from train.data.pictures import UNREADABLE_PICTURE, open_picture
from train.errors import UnusableIndex
from train.evaluation.inputs import turned_spacing
from train.phantom.dicom import file_meta_of
from train.phantom.header import complete_digital

_NAMESPACE = uuid.UUID("6b1b3b0c-6a53-5a0f-8a55-3f5d6a1c2b77")
_LEVELS = 256


def dx_file(film: IndexedFilm, turns: int = 0) -> bytes:
    """Wrap a picture as the DX file (PS3.3 A.26) of an invented one-day-old; 8-bit pixels stay as they are.

    Parameters
    ----------
    turns
        Counter-clockwise quarter turns. The header says upright in any case. The pixel spacing, which a DX
        film must state, is that of the index; where none is known, none is invented.

    Raises
    ------
    UnusableIndex
        If the film is no picture.
    """
    dataset = _header(film, turns)
    complete_digital(dataset)
    _set_pixels(dataset, np.rot90(_read_levels(film), turns))
    dataset.file_meta = file_meta_of(dataset)
    return to_part10(dataset)


def _header(film: IndexedFilm, turns: int) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet, dataset.Modality = "ISO_IR 192", "DX"
    dataset.SOPClassUID, dataset.ImageType = DigitalXRayImageStorageForPresentation, ["ORIGINAL", "PRIMARY"]
    for level in ("Study", "Series", "SOP"):
        setattr(dataset, f"{level}InstanceUID", _uid(level, film.path.name, film.digest, turns))
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20240101"
    dataset.StudyTime = dataset.StudyID = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.SeriesNumber, dataset.InstanceNumber = 1, 1
    dataset.PatientName, dataset.PatientID, dataset.PatientAge = "SYNTHETIC^HEADER", "SYNTHETIC", "001D"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.Manufacturer = "", "", ""
    dataset.PatientOrientation = ["L", "F"]
    if film.spacing_mm is not None:
        dataset.ImagerPixelSpacing = [round(one, 6) for one in turned_spacing(film.spacing_mm, turns)]
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", "AP"
    dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"
    return dataset


def _set_pixels(dataset: Dataset, levels: NDArray[np.uint8]) -> None:
    dataset.Rows, dataset.Columns = levels.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation, dataset.PresentationLUTShape = "MONOCHROME2", "IDENTITY"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
    dataset.WindowCenter, dataset.WindowWidth = _LEVELS / 2, _LEVELS
    content = levels.tobytes()
    dataset.add_new("PixelData", "OB", content + b"\0" * (len(content) % 2))


def _read_levels(film: IndexedFilm) -> NDArray[np.uint8]:
    try:
        with open_picture(film.path) as picture:
            return np.asarray(picture.convert("L"))
    except UNREADABLE_PICTURE as error:
        raise UnusableIndex(
            f"{film.path} is no picture that can be read; only PNG, JPEG and TIFF films are wrapped"
        ) from error


def _uid(*parts: object) -> UID:
    return UID(f"2.25.{uuid.uuid5(_NAMESPACE, ' '.join(map(str, parts))).int}")
