"""Sets of simulated films by seed, drawn once and kept in a cache folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.bundle.manifest import LungCrop, sha256_of
from pipeline.classify import Grid, crop_lungs
from pipeline.segment import LungSegmenter
from pipeline.values import Orientation, PixelSpacing, Radiograph
from train.films import SquareFilms, save_array, square_pair, stretch
from train.phantom import GENERATOR_VERSION, Disease, PhantomSettings, disease_of, make_phantom


def phantom_squares(
    seeds: range, size: int, cache: Path, settings: PhantomSettings | None = None
) -> SquareFilms:
    """Draw the films of these seeds as squares with lung masks, or load them from the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    drawn = settings or PhantomSettings()
    path = cache / f"phantom-lungs-{_key(drawn, size)}-{seeds.start}-{seeds.stop}.npy"
    if not path.exists():
        pairs = []
        for seed in seeds:
            film = make_phantom(seed, drawn)
            pairs.append(square_pair(stretch(film.pixels), (film.lungs > 0).astype(np.uint8), size))
        save_array(path, np.array(pairs, np.uint8))
    stored = np.load(path, mmap_mode="r", allow_pickle=False)
    return SquareFilms(stored[:, 0], stored[:, 1])


@dataclass(frozen=True, slots=True, eq=False)
class LungCrops:
    """Lungs cut out of films, as the classifier sees them.

    Attributes
    ----------
    images
        uint8 (N, ways, size, size): each film cut once a way of knowing the lungs (drawn, predicted).
    labels
        float32 (N,): 1.0 for respiratory distress syndrome.
    diseases
        Of each film.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.float32]
    diseases: tuple[Disease, ...]

    def __len__(self) -> int:
        """Count the films."""
        return len(self.images)


def join_crops(*parts: LungCrops) -> LungCrops:
    """Join sets of one size, cut the same ways, in their order."""
    if len(parts) == 1:
        return parts[0]
    return LungCrops(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        tuple(disease for part in parts for disease in part.diseases),
    )


class Cutter(Protocol):
    """Cuts drawn films: a `CropMaker`, or several of them over one film."""

    @property
    def phantoms(self) -> PhantomSettings:
        """How the films are drawn."""
        ...

    def key(self) -> str:
        """Short digest of everything that changes the crops."""
        ...

    def cut(self, film: DrawnFilm) -> NDArray[np.uint8]:
        """Cut one film, uint8 (ways, size, size)."""
        ...


def phantom_crops(seeds: range, maker: Cutter, cache: Path) -> LungCrops:
    """Draw and cut the films of these seeds, or load them from the cache."""
    cache.mkdir(parents=True, exist_ok=True)
    path = cache / f"phantom-crops-{maker.key()}-{seeds.start}-{seeds.stop}.npy"
    if not path.exists():
        save_array(
            path, np.array([maker.cut(make_phantom(seed, maker.phantoms)) for seed in seeds], np.uint8)
        )
    images = np.load(path, mmap_mode="r", allow_pickle=False)
    diseases = tuple(disease_of(seed) for seed in seeds)
    return LungCrops(images, np.array([disease.is_rds for disease in diseases], np.float32), diseases)


class DrawnFilm(Protocol):
    """A simulated film: float32 pixels in [0, 1], uint8 lungs (0: none), and the pitch of its grid."""

    @property
    def pixels(self) -> NDArray[np.float32]:
        """Grey values, (rows, columns)."""
        ...

    @property
    def lungs(self) -> NDArray[np.uint8]:
        """Lungs, (rows, columns)."""
        ...

    @property
    def pitch_mm(self) -> float:
        """Between pixel centres, both ways."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class CropMaker:
    """Cuts lungs out of simulated films with the serving code.

    Attributes
    ----------
    size
        Side of the crops.
    segmenter
        Adds a second way, by predicted lungs; None leaves only the drawn ones.
    """

    crop: LungCrop
    size: int
    segmenter: LungSegmenter | None = None
    segmenter_digest: str = "drawn"
    phantoms: PhantomSettings = field(default_factory=PhantomSettings)

    def key(self) -> str:
        """Short digest of everything that changes the crops."""
        return _key(self.crop.model_dump(), self.size, self.segmenter_digest, self.phantoms)

    def cut(self, film: DrawnFilm) -> NDArray[np.uint8]:
        """Cut one film, uint8 (ways, size, size); a film whose lungs are not found keeps the drawn ones."""
        pixels = stretch(film.pixels)
        masks = [film.lungs > 0]
        if self.segmenter is not None:
            found = self.segmenter.segment([as_radiograph(film)])[0].lung_mask
            masks.append(found.pixels if found.area_pixels else masks[0])
        grid = Grid(PixelSpacing(film.pitch_mm, film.pitch_mm, "imager"))
        crops = [crop_lungs(pixels, mask, grid, self.crop, self.size) for mask in masks]
        return np.rint(np.array(crops) * 255).astype(np.uint8)


def as_radiograph(film: DrawnFilm) -> Radiograph:
    """Give a simulated film the form that the serving code takes; its orientation stays unknown."""
    spacing = PixelSpacing(film.pitch_mm, film.pitch_mm, "imager")
    return Radiograph(stretch(film.pixels), None, spacing, Orientation(), Dataset())


def _key(*parts: object) -> str:
    """Name a cache by everything that decides what is in it."""
    return sha256_of(" ".join(repr(part) for part in (GENERATOR_VERSION, *parts)).encode())[:16]
