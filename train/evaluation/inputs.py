"""Indexed films as the node would receive them: DICOM files as they are, pictures under a bare CR header."""

from __future__ import annotations

import uuid

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from pipeline.errors import PipelineError
from pipeline.part10 import read_part10
from pipeline.pixels.grayscale import GreyScale
from train.data.index import IndexedFilm
from train.data.pictures import is_dicom, read_pixels
from train.errors import UnusableIndex

_MOST_DAYS = 999
_NAMESPACE = uuid.UUID("1c2c4a3e-30a7-5b3e-9d59-0d5d53a2a2f6")


def film_dataset(film: IndexedFilm, grey: GreyScale, turns: int = 0) -> Dataset:
    """Give a film as a Data Set with pixels.

    Parameters
    ----------
    grey
        The bundle's grey scale, to which a picture is brought beforehand.
    turns
        Counter-clockwise quarter turns, for a stress set. A turned film loses its header, whose orientation
        would no longer be true.

    Returns
    -------
    Dataset
        A picture's header holds what the index knows and invents nothing: neither view nor body part.

    Raises
    ------
    UnusableIndex
        If the film cannot be read.
    """
    try:
        if not turns and is_dicom(film.path):
            return read_part10(film.path)
    except (PipelineError, OSError) as error:
        raise UnusableIndex(f"{film.path}: {error}") from error
    return _computed_radiograph(film, np.rot90(read_pixels(film, grey), turns), turns)


def turned_spacing(spacing_mm: tuple[float, float], turns: int) -> tuple[float, float]:
    """Between rows and between columns after quarter turns."""
    return (spacing_mm[1], spacing_mm[0]) if turns % 2 else spacing_mm


def _computed_radiograph(film: IndexedFilm, pixels: np.ndarray, turns: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = ComputedRadiographyImageStorage, _uid(film)
    dataset.Modality, dataset.PatientID, dataset.PatientSex = "CR", film.patient[:64], film.sex[:1].upper()
    if film.age_days is not None:
        dataset.PatientAge = _age(film.age_days)
    if film.spacing_mm is not None:
        dataset.ImagerPixelSpacing = [round(one, 6) for one in turned_spacing(film.spacing_mm, turns)]
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = np.rint(pixels * 65535).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def _age(days: float) -> str:
    return f"{int(days):03d}D" if days <= _MOST_DAYS else f"{min(int(days / 365.25), _MOST_DAYS):03d}Y"


def _uid(film: IndexedFilm) -> str:
    return film.sop_instance_uid or f"2.25.{uuid.uuid5(_NAMESPACE, f'{film.digest} {film.path.name}').int}"
