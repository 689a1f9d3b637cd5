"""Small invented films with outlines, on disk, as a site would hand them over."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import Dataset
from scipy.ndimage import gaussian_filter

from pipeline.results import make_result_objects, to_part10
from tests.support.analyses import ORIGIN, make_analysis, make_lung_mask
from tests.support.films import make_film
from train.data import IndexedFilm, write_index
from train.data.describe import Candidate, describe
from train.data.masks import write_mask

SHAPE = (48, 40)


def draw_film(seed: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    """Draw smooth noise: each seed another picture, which stays the same when scaled or turned."""
    noise = gaussian_filter(np.random.default_rng(seed).random(shape), 2)
    return np.rint(255 * (noise - noise.min()) / np.ptp(noise)).astype(np.uint8)


def draw_lungs(shape: tuple[int, int] = SHAPE, *, rows: int = 20) -> NDArray[np.uint8]:
    """Draw one box of lung: 28 columns, so many rows."""
    mask = np.zeros(shape, np.uint8)
    mask[10 : 10 + rows, 6:34] = 1
    return mask


def write_film(folder: Path, name: str, seed: int, *, rows: int = 20) -> Candidate:
    """Write ``NAME.png`` and ``masks/NAME.png``."""
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    path, mask = folder / f"{name}.png", folder / "masks" / f"{name}.png"
    Image.fromarray(draw_film(seed)).save(path)
    write_mask(mask, draw_lungs(rows=rows))
    return Candidate(path=path, mask=mask)


def indexed_folder(folder: Path, rows: Iterable[Mapping[str, Any]]) -> list[IndexedFilm]:
    """Write a film for each row, which changes its candidate, and the index of them all."""
    films = []
    for seed, changes in enumerate(rows):
        candidate = write_film(folder, f"film-{seed}", seed)
        films.append(describe(Candidate(**{**_fields(candidate), **changes})))
    write_index(folder, films)
    return films


def _fields(candidate: Candidate) -> dict[str, Any]:
    return {"path": candidate.path, "mask": candidate.mask}


def write_csv(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write a CSV with the columns of its first row."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["file"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_labelme(path: Path, shapes: list[dict[str, Any]], shape: tuple[int, int] = SHAPE) -> Path:
    """Write a labelme file for a grid of rows and columns."""
    document = {"version": "5.5.0", "flags": {}, "shapes": shapes, "imageData": None}
    document |= {"imagePath": f"{path.stem}.png", "imageHeight": shape[0], "imageWidth": shape[1]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def write_segmentation(
    path: Path, lungs: NDArray[np.bool_], film: Dataset | None = None, *, heart: bool = False
) -> str:
    """Write the SEG of a film's lungs as the node makes it, and give the film's SOP Instance UID."""
    film = make_film(rows=lungs.shape[0], columns=lungs.shape[1]) if film is None else film
    analysis = make_analysis(film=film, lung_mask=make_lung_mask(lungs))
    segmentation = make_result_objects(analysis, ORIGIN, overlay=False).segmentation
    assert segmentation is not None
    for segment in segmentation.SegmentSequence if heart else ():
        segment.SegmentLabel = "Heart"
        segment.SegmentedPropertyTypeCodeSequence[0].CodeValue = "80891009"
    path.write_bytes(to_part10(segmentation))
    return str(film.SOPInstanceUID)
