"""The films with the poorest outlines, drawn for people: the outline of the index, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from train.data.index import IndexedFilm
from train.data.masks import read_mask
from train.data.pictures import read_pixels
from train.evaluation.results import FilmResult

_SIDE = 420
_DRAWN, _FOUND = (90, 220, 90), (255, 120, 40)


@dataclass(frozen=True, slots=True)
class Picture:
    """PNG of one film; the index's outline green, the bundle's orange."""

    title: str
    png: bytes


def poorest(results: Sequence[FilmResult], count: int = 5) -> list[FilmResult]:
    """Films with the lowest IoU, the lowest first."""
    drawn = [one for one in results if one.overlap is not None]
    return sorted(drawn, key=lambda one: one.overlap.iou if one.overlap else 1.0)[:count]


def draw_film(film: IndexedFilm, result: FilmResult, masks: Path) -> Picture:
    """Draw a film with both outlines, as it is stored.

    Parameters
    ----------
    masks
        Folder of the kept masks.
    """
    pixels, drawn = read_pixels(film), read_mask(film) == 1
    found = np.zeros(drawn.shape, np.bool_)
    if result.said.mask:
        with Image.open(masks / result.said.mask) as kept:
            found = np.asarray(kept) > 0
    scale = _SIDE / max(pixels.shape)
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    grey = Image.fromarray(np.rint(pixels * 255).astype(np.uint8))
    canvas = np.asarray(grey.resize(size, Image.Resampling.BILINEAR).convert("RGB")).copy()
    for mask, colour in ((drawn, _DRAWN), (found, _FOUND)):
        canvas[_contour(mask, size)] = colour
    stream = BytesIO()
    Image.fromarray(canvas).save(stream, "PNG", optimize=True)
    iou = result.overlap.iou if result.overlap else float("nan")
    return Picture(f"{Path(result.known.film).name}: IoU {iou:.3f}, {result.said.outcome}", stream.getvalue())


def _contour(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Outline of a mask on a picture of (columns, rows), two pixels wide."""
    from scipy.ndimage import binary_erosion

    small = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    return np.asarray(small & ~binary_erosion(small, iterations=2))
