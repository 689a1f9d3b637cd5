"""Lungs as a hospital gets them: films as DX files in, Segmentations out, measured against outlines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread

from pipeline.bundle import Bundle, load_bundle
from pipeline.cascade import Cascade
from pipeline.gate import GateSettings
from pipeline.part10 import read_part10
from pipeline.results import make_result_objects, to_part10
from pipeline.values import Analysis, Origin
from train.data.index import IndexedFilm
from train.data.masks import read_mask
from train.data.prepared import films_with_lungs, read_prepared
from train.evaluation.card_figures import Figures, summarise_overlaps
from train.evaluation.overlap import intersection_over_union
from train.evaluation.wrapping import dx_file

_ORIGIN = Origin("2.25.1", "measured", datetime(2024, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Served:
    """What came back for one film.

    Attributes
    ----------
    why
        Why there is no Segmentation; empty where there is one.
    overlap
        Intersection over union of the Segmentation and the outline; 0 without a Segmentation.
    """

    film: IndexedFilm
    outcome: str
    why: str
    overlap: float


def run_served(bundle: Path, folder: Path, split: str) -> str:
    """Measure the films of a split as they are and turned by a quarter; gives the lines to print."""
    loaded, films = load_bundle(bundle, device="cpu"), films_with_lungs(read_prepared(folder), split)
    lines: list[str] = []
    for name, turns in (("as stored", 0), ("sideways", 1)):
        lines += _lines(f"{split}, {name}", list(serve_lungs(loaded, films, turns)))
    return "\n".join(lines)


def served_figures(bundle: Bundle, films: Sequence[IndexedFilm], turns: int = 0) -> Figures:
    """Figures of a model card; a film without a Segmentation counts with 0."""
    served = list(serve_lungs(bundle, films, turns))
    overlaps = summarise_overlaps([one.overlap for one in served])
    return {"segmentations": sum(not one.why for one in served), **overlaps}


def serve_lungs(bundle: Bundle, films: Sequence[IndexedFilm], turns: int = 0) -> Iterator[Served]:
    """Do with each film what ``neolung analyse`` does with a file, and measure the Segmentation.

    Parameters
    ----------
    films
        Pictures with an outline.
    turns
        Counter-clockwise quarter turns; the header goes on saying upright.

    Raises
    ------
    UnusableIndex
        If a film is no picture.
    """
    cascade = Cascade(bundle, GateSettings())
    for film in films:
        analysis = cascade.analyse([read_part10(dx_file(film, turns))])[0]
        outline, found = np.rot90(read_mask(film), turns), segmented(analysis)
        if found is None:
            yield Served(film, str(analysis.outcome), analysis.explanation, 0.0)
        else:
            overlap = intersection_over_union(found, outline == 1, outline != 2)
            yield Served(film, str(analysis.outcome), "", overlap)


def segmented(analysis: Analysis) -> NDArray[np.bool_] | None:
    """Read the lungs back from the Segmentation of an analysis, (rows, columns); None if it has none."""
    made = make_result_objects(analysis, _ORIGIN, overlay=False).segmentation
    if made is None:
        return None
    frames = dcmread(BytesIO(to_part10(made))).pixel_array
    return np.asarray(frames.reshape(-1, *frames.shape[-2:]).any(axis=0), np.bool_)


def _lines(name: str, served: Sequence[Served]) -> Iterator[str]:
    """Say the figures: of all films, of those with a Segmentation, and why others have none."""
    overlaps = [one.overlap for one in served if not one.why]
    yield f"{name}: {len(overlaps)} of {len(served)} films have a Segmentation"
    yield f"  all films, without a Segmentation 0: {_figures([one.overlap for one in served])}"
    if overlaps and len(overlaps) < len(served):
        yield f"  films with a Segmentation: {_figures(overlaps)}"
    for (outcome, why), count in Counter((one.outcome, one.why) for one in served if one.why).items():
        yield f"  {count} x {outcome}: {why}"


def _figures(overlaps: Sequence[float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in summarise_overlaps(overlaps).items())
