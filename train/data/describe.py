"""A film and its outline on disk to one row of the index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.values import PixelSpacing, Radiograph
from train.data.header_facts import HeaderFacts, read_header_facts
from train.data.index import IndexedFilm
from train.data.lookalikes import perceptual_hash
from train.data.masks import read_outline
from train.data.pictures import decode, digest_of
from train.errors import UnusableIndex

_MOST_LUNG = 0.9
"""Lungs that fill more of a film than this are an inverted mask."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A film that may become a row; what is empty here is taken from its header, where it has one.

    Attributes
    ----------
    patient
        Without it, and without a DICOM header, every film counts as a patient of its own.
    """

    path: Path
    mask: Path | None = None
    patient: str = ""
    rds: bool | None = None
    spacing_mm: tuple[float, float] | None = None
    age_days: float | None = None
    sex: str = ""
    split: str = ""
    provenance: str = ""
    sop_instance_uid: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)


def describe(candidate: Candidate) -> IndexedFilm:
    """Decode a film and its outline, check them, and write down what the index says of them.

    Raises
    ------
    UnusableIndex
        Names the file and what is wrong: unreadable, empty, another size, no lung.
    """
    radiograph = decode(candidate.path)
    pixels, facts = radiograph.pixels, read_header_facts(radiograph.header)
    if pixels.min() == pixels.max():
        raise UnusableIndex(f"{candidate.path} shows nothing: all its pixels are alike; export it again")
    uid = candidate.sop_instance_uid or facts.sop_instance_uid
    return IndexedFilm(
        path=candidate.path,
        mask=candidate.mask,
        patient=candidate.patient or facts.patient or candidate.path.stem,
        rds=candidate.rds,
        roi_area=0 if candidate.mask is None else _lung_area(candidate.mask, uid, pixels),
        shape=radiograph.shape,
        spacing_mm=candidate.spacing_mm or _millimetres(radiograph.spacing),
        age_days=_age(candidate, facts),
        sex=candidate.sex or facts.sex,
        split=candidate.split,
        provenance=candidate.provenance,
        sop_instance_uid=uid,
        digest=digest_of(pixels),
        perceptual_hash=perceptual_hash(pixels),
        attributes={**facts.attributes, **_decoding(radiograph), **candidate.attributes},
    )


def _lung_area(path: Path, sop_instance_uid: str, pixels: NDArray[np.float32]) -> int:
    mask = read_outline(path, sop_instance_uid)
    if mask.shape != pixels.shape:
        raise UnusableIndex(f"{path} is {mask.shape}, its film {pixels.shape}; draw it on the film's grid")
    area = int((mask == 1).sum())
    if area == 0:
        raise UnusableIndex(f"{path} holds no lung pixel; draw the lungs, white lungs too")
    if area > _MOST_LUNG * mask.size:
        raise UnusableIndex(f"{path} calls {area / mask.size:.0%} of the film lung; is it inverted?")
    return area


def _decoding(radiograph: Radiograph) -> dict[str, str]:
    """Keep how a DICOM film's stored values became grey."""
    return {"decoding": " ".join(radiograph.parameters)} if radiograph.parameters else {}


def _millimetres(spacing: PixelSpacing | None) -> tuple[float, float] | None:
    return None if spacing is None else (round(spacing.row_mm, 6), round(spacing.column_mm, 6))


def _age(candidate: Candidate, facts: HeaderFacts) -> float | None:
    return facts.age_days if candidate.age_days is None else candidate.age_days
