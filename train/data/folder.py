"""Films and outlines found in folders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from pipeline.errors import PipelineError
from pipeline.gate.acquisition import judge_image_type, judge_modality, judge_sop_class, judge_species
from pipeline.gate.anatomy import judge_body_part
from pipeline.gate.settings import GateSettings
from pipeline.gate.view import judge_view
from pipeline.part10 import read_part10
from pipeline.values import Verdict
from train.data.header_facts import read_header_facts
from train.data.labelme import is_labelme
from train.data.pictures import PICTURES, is_dicom
from train.data.segmentations import is_segmentation, referenced_films
from train.errors import UnusableIndex

_GATE = GateSettings(process_secondary_capture=True)
_RULES = (
    judge_sop_class,
    judge_modality,
    judge_species,
    judge_image_type,
    judge_body_part,
    judge_view,
)
"""The node's own rules, but for age and intent: older children may be learnt from."""
MASK_FOLDER, MASK_ENDS = "masks", ("_mask", "-mask", ".mask")
"""A picture in such a folder, or with such an end of its name, is an outline and no film."""
_DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")


@dataclass(frozen=True, slots=True)
class FoundFilm:
    """A file that may be a film.

    Attributes
    ----------
    relative
        Path below the folder that was looked through.
    """

    path: Path
    relative: Path
    sop_instance_uid: str = ""
    accession_number: str = ""


@dataclass(frozen=True, slots=True)
class FoundOutline:
    """A file that holds the lungs of films.

    Attributes
    ----------
    films
        SOP Instance UIDs that a DICOM SEG refers to; empty for a picture or a labelme file.
    """

    path: Path
    relative: Path
    films: frozenset[str] = frozenset()


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and its folders by name, without hidden ones and tables."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if (
            path.is_file()
            and path.suffix.lower() != ".csv"
            and not any(part.startswith(".") for part in parts)
        ):
            yield path


def look_at(path: Path, folder: Path, *, only_outlines: bool = False) -> FoundFilm | FoundOutline | None:
    """Tell whether a file is a film, an outline, or neither (None).

    Parameters
    ----------
    only_outlines
        In a folder that holds nothing but outlines, a picture is one whatever its name is.

    Raises
    ------
    UnusableIndex
        If it should be a film but cannot be learnt from.
    """
    relative, suffix = path.relative_to(folder), path.suffix.lower()
    if suffix in PICTURES:
        if only_outlines or _is_named_mask(relative):
            return FoundOutline(path, relative)
        return FoundFilm(path, relative)
    if suffix == ".json":
        return FoundOutline(path, relative) if is_labelme(path) else None
    if _is_dicom(path) or suffix in _DICOM_SUFFIXES:
        return _look_at_dicom(path, relative)
    return None


def _is_dicom(path: Path) -> bool:
    try:
        return is_dicom(path)
    except OSError as error:
        raise UnusableIndex(f"cannot be read: {error.strerror}") from error


def _look_at_dicom(path: Path, relative: Path) -> FoundFilm | FoundOutline:
    try:
        dataset = read_part10(path)
    except (OSError, PipelineError) as error:
        raise UnusableIndex(str(error)) from error
    if is_segmentation(dataset):
        return FoundOutline(path, relative, referenced_films(dataset))
    _check_film(dataset)
    facts = read_header_facts(dataset)
    return FoundFilm(path, relative, facts.sop_instance_uid, facts.accession_number)


def _check_film(dataset: Dataset) -> None:
    for rule in _RULES:
        verdict = rule(dataset, _GATE)
        if verdict.verdict == Verdict.NO:
            raise UnusableIndex(f"the node refuses such files, {verdict.rule}: {verdict.detail}")


def _is_named_mask(relative: Path) -> bool:
    folders = (part.lower() for part in relative.parts[:-1])
    return MASK_FOLDER in folders or relative.stem.lower().endswith(MASK_ENDS)
