"""Small invented films with two lungs and a label that can be seen: haze in the lungs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from train.data import IndexedFilm, write_index
from train.data.describe import Candidate, describe
from train.data.masks import write_mask

SIDE = 64


def two_lung_films(folder: Path, count: int, *, provenance: str = "SYNTHETIC drawing") -> list[IndexedFilm]:
    """Write films of as many patients, every second one hazy, and their index."""
    films = []
    for number in range(count):
        pixels, lungs = _draw(np.random.default_rng(number), hazy=number % 2 == 0)
        path, mask = folder / f"film-{number:03d}.png", folder / "masks" / f"film-{number:03d}.png"
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        write_mask(mask, lungs)
        described = Candidate(
            path, mask, f"baby-{number}", number % 2 == 0, (0.5, 0.5), provenance=provenance
        )
        films.append(describe(described))
    write_index(folder, films)
    return films


def _draw(rng: np.random.Generator, *, hazy: bool) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    lungs = np.zeros((SIDE, SIDE), np.uint8)
    top, height = int(rng.integers(10, 20)), int(rng.integers(20, 32))
    for left in (10, 36):
        lungs[top : top + height, left : left + int(rng.integers(13, 18))] = 1
    grey = 170 + 50 * gaussian_filter(rng.standard_normal((SIDE, SIDE)), 3)
    grey = np.where(lungs == 1, grey - (50 if hazy else 120), grey) + 6 * rng.standard_normal((SIDE, SIDE))
    return np.clip(grey, 0, 255).astype(np.uint8), lungs
