"""Simulated newborn chest films, drawn from first principles; nothing here describes a real person."""

from train.phantom.appearance import Disease
from train.phantom.dicom import dataset_of, phantom_dataset
from train.phantom.film import (
    GENERATOR_VERSION,
    Phantom,
    PhantomSettings,
    disease_of,
    make_phantom,
)

__all__ = [
    "GENERATOR_VERSION",
    "Disease",
    "Phantom",
    "PhantomSettings",
    "dataset_of",
    "disease_of",
    "make_phantom",
    "phantom_dataset",
]
