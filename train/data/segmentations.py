"""Outlines in DICOM Segmentations (PS3.3 A.51), matched to their film by SOP Instance UID."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import SegmentationStorage

from pipeline.attributes import UNREADABLE, codes, items, text
from pipeline.errors import PipelineError
from pipeline.part10 import read_part10
from train.errors import UnusableIndex

LUNG_CODES = frozenset({("39607008", "SCT"), ("3341006", "SCT"), ("44029006", "SCT"), ("T-28000", "SRT")})
"""Lung structure, right lung, left lung."""


def is_segmentation(dataset: Dataset) -> bool:
    """Whether a Data Set is a Segmentation."""
    return text(dataset, "SOPClassUID") == SegmentationStorage


def referenced_films(dataset: Dataset) -> frozenset[str]:
    """Return the SOP Instance UIDs of the films that a Segmentation was drawn on."""
    series = items(dataset, "ReferencedSeriesSequence")
    films = (film for one in series for film in items(one, "ReferencedInstanceSequence"))
    return frozenset(text(film, "ReferencedSOPInstanceUID") for film in films)


def read_segmentation(path: Path, sop_instance_uid: str) -> NDArray[np.uint8]:
    """Read the lungs of one film out of a Segmentation.

    Returns
    -------
    ndarray
        uint8 (rows, columns): 1 lung, 0 background.

    Raises
    ------
    UnusableIndex
        Names the file: no Segmentation, none of this film, or no segment that is a lung.
    """
    dataset = _read(path)
    if sop_instance_uid not in referenced_films(dataset):
        raise UnusableIndex(
            f"{path} does not refer to the film {sop_instance_uid}; give the SEG of this film"
        )
    lungs = lung_segments(dataset)
    if not lungs:
        raise UnusableIndex(f"{path} has no segment that is a lung, by code or by label")
    from highdicom.seg import Segmentation  # takes a second, which most commands need not wait

    try:
        segmentation = Segmentation.from_dataset(dataset, copy=False)
        planes = segmentation.get_pixels_by_source_instance(
            [sop_instance_uid],
            segment_numbers=lungs,
            ignore_spatial_locations=True,
            assert_missing_frames_are_empty=True,
        )
    except (PipelineError, *UNREADABLE) as error:
        raise UnusableIndex(f"{path} cannot be decoded ({error}); export it again") from error
    return np.asarray((planes[0] >= 0.5).any(axis=-1), np.uint8)


def lung_segments(dataset: Dataset) -> list[int]:
    """Return the numbers of the segments whose property type is lung, or else whose label says lung."""
    segments = list(items(dataset, "SegmentSequence"))
    coded = [
        segment
        for segment in segments
        if LUNG_CODES & set(codes(segment, "SegmentedPropertyTypeCodeSequence"))
    ]
    named = [segment for segment in segments if "lung" in text(segment, "SegmentLabel").lower()]
    return [int(text(segment, "SegmentNumber")) for segment in coded or named]


def _read(path: Path) -> Dataset:
    try:
        dataset = read_part10(path)
    except (OSError, PipelineError) as error:
        raise UnusableIndex(f"{path}: {error}") from error
    if not is_segmentation(dataset):
        raise UnusableIndex(f"{path} is a DICOM file but no Segmentation")
    return dataset
