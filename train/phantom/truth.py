"""The truth of a phantom: a Segmentation object of its lungs, and a JSON of everything else that is known."""

from __future__ import annotations

import numpy as np
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from highdicom.sr import CodedConcept
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.sr.coding import Code

from pipeline import codes
from train.phantom.dicom import file_meta_of
from train.phantom.film import GENERATOR_VERSION, Phantom
from train.phantom.header import COMMENT, UPRIGHT, key_of, make_uid

_SIDES = ((1, "Right lung", codes.RIGHT), (2, "Left lung", codes.LEFT))
_NOT_OF_THE_TRUTH = {"PixelData", "VOILUTSequence", "PixelSpacing", "ImagerPixelSpacing"}
"""A projection has no spacing in space: with one, the library would write Pixel Measures (PS3.3 A.51.5.1)."""
_FROM_FILM = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientSize"),
    *("PatientWeight", "PatientIdentityRemoved", "DeidentificationMethod"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)


def segmentation_of(film: Phantom, dataset: Dataset) -> Dataset:
    """Make the Segmentation of a phantom's lungs, one segment a side, on the film's grid (PS3.3 A.51).

    Parameters
    ----------
    dataset
        The film as `dataset_of` gave it; the object refers to it.
    """
    key = key_of(film)
    made = Dataset(
        Segmentation(
            source_images=[_stand_in(dataset)],
            pixel_array=film.lungs,
            segmentation_type=SegmentationTypeValues.BINARY,
            segment_descriptions=[_segment(number, label, side) for number, label, side in _SIDES],
            series_instance_uid=make_uid("truth series", *key),
            series_number=2,
            sop_instance_uid=make_uid("truth", *key),
            instance_number=1,
            manufacturer=dataset.Manufacturer,
            manufacturer_model_name=dataset.ManufacturerModelName,
            software_versions=dataset.SoftwareVersions,
            device_serial_number=str(film.seed),
            omit_empty_frames=False,
            content_label="LUNG_TRUTH",
            content_description="Lungs as they were drawn",
            content_creator_name="PHANTOM^",
        )
    )
    _settle(made, film, dataset)
    return made


def _stand_in(dataset: Dataset) -> Dataset:
    """Give highdicom the film without pixels, and with an upright orientation where it states none."""
    film = Dataset()
    for element in dataset:
        if element.keyword not in _NOT_OF_THE_TRUTH and not element.tag.is_private:
            film.add(element)
    film.PatientOrientation = dataset.get("PatientOrientation") or UPRIGHT[0]
    film.file_meta = dataset.file_meta
    return film


def _segment(number: int, label: str, side: Code) -> SegmentDescription:
    description = SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=codes.ANATOMICAL_STRUCTURE,
        segmented_property_type=codes.LUNG,
        algorithm_type=SegmentAlgorithmTypeValues.MANUAL,
    )
    (kind,) = description.SegmentedPropertyTypeCodeSequence
    kind.SegmentedPropertyTypeModifierCodeSequence = [CodedConcept.from_code(side)]
    return description


def _settle(made: Dataset, film: Phantom, dataset: Dataset) -> None:
    """Put the film's dates and identity where the library put the clock's, a random UID and its own name."""
    for keyword in _FROM_FILM:
        if keyword in dataset:
            setattr(made, keyword, dataset[keyword].value)
    for moment in ("InstanceCreation", "Series", "Content"):
        setattr(made, f"{moment}Date", dataset.StudyDate)
        setattr(made, f"{moment}Time", dataset.StudyTime)
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = make_uid("dimensions", *key_of(film))
    if "ContributingEquipmentSequence" in made:
        del made.ContributingEquipmentSequence
    made.PatientOrientation = dataset.get("PatientOrientation")
    made.SpecificCharacterSet = dataset.SpecificCharacterSet
    made.SeriesDescription = COMMENT
    used = -(-made.Rows * made.Columns * made.NumberOfFrames // 8)
    made.add_new("PixelData", "OB", made.PixelData[:used] + b"\0" * (used % 2))
    made.file_meta = file_meta_of(made)


def truth_of(film: Phantom) -> dict[str, object]:
    """Everything that is known of a phantom, JSON-able; places in pixels of the stored film."""
    baby = film.baby
    return {
        "synthetic": True,
        "generator_version": GENERATOR_VERSION,
        "seed": film.seed,
        "rds": baby.disease.is_rds,
        "disease": baby.disease.value,
        "grade": baby.disease.grade,
        "weeks": round(baby.weeks, 2),
        "weight_g": round(baby.weight_g),
        "age_days": baby.age_days,
        "heart_ratio": round(baby.heart_ratio, 3),
        "ventilated": baby.ventilated,
        "rows": film.pixels.shape[0],
        "columns": film.pixels.shape[1],
        "pitch_mm": film.pitch_mm,
        "vendor": film.vendor.name,
        "turns_to_upright": film.turns,
        "patient_orientation": UPRIGHT[film.turns],
        "right_lung_mm2": _area_mm2(film, 1),
        "left_lung_mm2": _area_mm2(film, 2),
        "right_lung": run_lengths(film.lungs == 1),
        "left_lung": run_lengths(film.lungs == 2),
        "devices": [
            {
                "id": device.identity,
                "name": device.name,
                "tip": None if device.tip is None else [round(value, 1) for value in device.tip],
                "mask": run_lengths(device.mask),
            }
            for device in film.devices
        ],
    }


def _area_mm2(film: Phantom, side: int) -> float:
    return round(float((film.lungs == side).sum()) * film.pitch_mm**2, 1)


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Lengths of runs of a mask, row by row, in turn outside and inside, beginning outside."""
    flat = np.concatenate([[False], mask.ravel(), [not mask.ravel()[-1]]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(length) for length in np.diff(np.concatenate([[0], edges]))]


def mask_of(lengths: list[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Undo `run_lengths`."""
    inside = np.arange(len(lengths)) % 2 == 1
    return np.repeat(inside, lengths).reshape(shape)
