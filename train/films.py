"""Films decoded once to small squares, for fast training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.pixels.grayscale import GreyScale
from pipeline.preprocess import fit_film, to_square
from train.data import IndexedFilm, read_mask, read_pixels
from train.data.pictures import stretch
from train.errors import UnusableIndex
from train.processes import partial_of
from train.recipes import Profile

__all__ = ["SquareFilms", "concatenate", "save_array", "square_films", "square_pair", "stretch"]

Placing = Literal["letterbox", "stretch"]


@dataclass(frozen=True, slots=True, eq=False)
class SquareFilms:
    """Films decoded once, letterboxed to one size.

    Attributes
    ----------
    images
        uint8 (N, size, size).
    masks
        uint8 (N, size, size): 0 background, 1 lung, 2 not to be counted.
    """

    images: NDArray[np.uint8]
    masks: NDArray[np.uint8]

    def __len__(self) -> int:
        """Count the films."""
        return len(self.images)


def square_films(
    films: Sequence[IndexedFilm], size: int, cache: Path, profile: Profile = "recommended"
) -> SquareFilms:
    """Decode films to squares, or load what an earlier call left in the cache folder.

    Parameters
    ----------
    profile
        ``recommended``: letterboxed, grey as when serving; ``paper``: stretched to the square, 8 bits.

    Raises
    ------
    UnusableIndex
        If there is no film, one has no mask, or cannot be read as the index says.
    """
    if not films:
        raise UnusableIndex("no film is left to learn from or to measure on; look at the column split")
    path = cache / f"films-{profile}-{_key(films, size)}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fit, grey = fit_of(profile), GreyScale(profile)
        pairs = [square_pair(read_pixels(film, grey), read_mask(film), size, fit) for film in films]
        save_array(path, np.array(pairs, np.uint8))
    stored = np.load(path, mmap_mode="r", allow_pickle=False)
    return SquareFilms(stored[:, 0], stored[:, 1])


def _key(films: Sequence[IndexedFilm], size: int) -> str:
    """Name a cache by what is in it: films, outlines and their area."""
    lines = (f"{size} {film.path} {film.digest} {film.mask} {film.roi_area}" for film in films)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def fit_of(profile: Profile) -> Placing:
    """How a profile places a film in the square."""
    return "stretch" if profile == "paper" else "letterbox"


def square_pair(
    pixels: NDArray[np.float32], mask: NDArray[np.uint8], size: int, placing: Placing = "letterbox"
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Letterbox, or stretch, a film and its mask (0, 1, 2) to uint8 squares."""
    fit = fit_film((pixels.shape[0], pixels.shape[1]), size, placing)
    lung = to_square((mask == 1).astype(np.float32), fit) >= 0.5
    ignored = to_square((mask == 2).astype(np.float32), fit) >= 0.5
    image = np.rint(to_square(pixels, fit) * 255).astype(np.uint8)
    return image, np.where(ignored, 2, lung).astype(np.uint8)


def concatenate(parts: Iterable[SquareFilms]) -> SquareFilms:
    """Join sets of one size."""
    kept = list(parts)
    images = np.concatenate([part.images for part in kept])
    return SquareFilms(images, np.concatenate([part.masks for part in kept]))


def save_array(path: Path, array: NDArray[np.uint8]) -> None:
    """Write an array so that a reader never sees half of it."""
    partial = partial_of(path)
    np.save(partial, array, allow_pickle=False)
    partial.replace(path)
