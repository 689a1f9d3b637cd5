"""Phantoms as DICOM films under an invented header."""

from __future__ import annotations

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from train.phantom.film import Phantom, PhantomSettings, make_phantom, stream
from train.phantom.header import (
    complete_computed,
    complete_digital,
    describe_exposure,
    describe_patient,
    identify,
    make_uid,
    state_orientation,
)
from train.phantom.stored import draw_storing, set_pixels

COMPUTED = 0.30
"""Share of Computed Radiography among the films; the others are Digital X-Ray."""


def phantom_dataset(seed: int, settings: PhantomSettings | None = None) -> Dataset:
    """Make the film of a seed as `dataset_of` gives it, 1024 pixels long unless settings are given."""
    return dataset_of(make_phantom(seed, settings or PhantomSettings(long_side=1024)))


def dataset_of(film: Phantom) -> Dataset:
    """Wrap a phantom: DX FOR PRESENTATION or CR, Explicit VR Little Endian, with File Meta Information.

    Depth, polarity, VOI, padding and header vary by seed as on the films of many hospitals. The same film
    gives the same Data Set, UIDs included.
    """
    rng = stream(film.seed, "storing", 1)
    computed = bool(rng.random() < COMPUTED)
    dataset = Dataset()
    identify(dataset, film, computed=computed)
    describe_patient(dataset, film, rng)
    describe_exposure(dataset, film, rng)
    if computed:
        complete_computed(dataset, rng)
    else:
        complete_digital(dataset)
    set_pixels(dataset, film, draw_storing(rng))
    state_orientation(dataset, film, rng)
    dataset.file_meta = file_meta_of(dataset)
    return dataset


def file_meta_of(dataset: Dataset) -> FileMetaDataset:
    """Make the File Meta Information of a film or its Segmentation."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = make_uid("implementation")
    return meta
