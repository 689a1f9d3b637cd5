"""Films with lung masks on disk, listed by an ``index.csv``, and their decoded copies for fast training."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.preprocess import fit_film, to_square
from train.errors import UnusableIndex

COLUMNS = ("file", "mask", "patient", "split")
LUNG, IGNORED = 255, 127


@dataclass(frozen=True, slots=True)
class Film:
    """One row of the index.

    Attributes
    ----------
    image, mask
        Grey picture and its mask of the same size: 255 lung, 0 background, 127 not to be counted.
    split
        ``train``, ``val`` or the name of a test set.
    """

    image: Path
    mask: Path
    patient: str
    split: str


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


def read_index(folder: Path) -> list[Film]:
    """Read ``index.csv`` of a folder; paths in it are relative to the folder.

    Raises
    ------
    UnusableIndex
        Names the row with a missing column, file or mask, or a patient in more than one split.
    """
    path = folder / "index.csv"
    films: list[Film] = []
    splits: dict[str, str] = {}
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise UnusableIndex(f"{path} cannot be read: {error.strerror}") from error
    for number, row in enumerate(rows, start=2):
        films.append(_read_row(folder, f"{path}, line {number}", row))
        if splits.setdefault(films[-1].patient, films[-1].split) != films[-1].split:
            raise UnusableIndex(
                f"{path}, line {number}: patient {films[-1].patient} is in two splits; keep one"
            )
    if not films:
        raise UnusableIndex(f"{path} lists no film")
    return films


def _read_row(folder: Path, place: str, row: dict[str, str]) -> Film:
    missing = [column for column in COLUMNS if not row.get(column)]
    if missing:
        raise UnusableIndex(f"{place}: column {missing[0]} is missing or empty")
    film = Film(folder / row["file"], folder / row["mask"], row["patient"], row["split"])
    for path in (film.image, film.mask):
        if not path.is_file():
            raise UnusableIndex(f"{place}: {path} does not exist")
    return film


def read_film(film: Film) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Decode a film and its mask.

    Returns
    -------
    tuple
        float32 (rows, columns) in [0, 1], stretched as when serving, and the mask, uint8: 0 background,
        1 lung, 2 not to be counted.

    Raises
    ------
    UnusableIndex
        If the sizes differ.
    """
    with Image.open(film.image) as picture, Image.open(film.mask) as drawn:
        pixels, mask = np.asarray(picture.convert("L"), np.float32), np.asarray(drawn.convert("L"))
    if pixels.shape != mask.shape:
        raise UnusableIndex(
            f"{film.mask} is {mask.shape}, its film {pixels.shape}; draw it on the film's grid"
        )
    return stretch(pixels), np.where(mask == LUNG, 1, np.where(mask == IGNORED, 2, 0)).astype(np.uint8)


def stretch(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch the 0.5 to 99.5 percentile range to [0, 1], clipping the rest."""
    low, high = np.percentile(pixels, (0.5, 99.5))
    return np.asarray(np.clip((pixels - low) / max(float(high - low), 1e-6), 0, 1), np.float32)


def square_films(films: Sequence[Film], size: int, cache: Path) -> SquareFilms:
    """Decode films to squares, or load what an earlier call left in the cache folder."""
    key = hashlib.sha256(
        "\n".join(f"{size} {film.image} {film.mask}" for film in films).encode()
    ).hexdigest()[:16]
    path = cache / f"films-{key}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        pairs = [square_pair(*read_film(film), size) for film in films]
        save_array(path, np.array(pairs, np.uint8))
    stored = np.load(path, mmap_mode="r", allow_pickle=False)
    return SquareFilms(stored[:, 0], stored[:, 1])


def square_pair(
    pixels: NDArray[np.float32], mask: NDArray[np.uint8], size: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Letterbox a film and its mask (0, 1, 2) to uint8 squares."""
    fit = fit_film((pixels.shape[0], pixels.shape[1]), size)
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
    partial = path.with_suffix(".partial.npy")
    np.save(partial, array, allow_pickle=False)
    partial.replace(path)
