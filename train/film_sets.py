"""Films of an index as the classifier sees them: lungs drawn or found, cut out, kept in a cache folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from pipeline.bundle.manifest import LungCrop, sha256_of
from pipeline.classify import Grid, crop_lungs
from pipeline.pixels.grayscale import GreyScale
from pipeline.segment import LungSegmenter
from pipeline.values import Orientation, PixelSpacing, Radiograph
from train.data import IndexedFilm, read_mask, read_pixels
from train.errors import UnusableIndex
from train.films import save_array
from train.phantom_sets import LungCrops
from train.recipes import Profile

PAPER_CROP = LungCrop(frame="film", margin=0, dilation_mm=0, dilation_fraction=0, background="black")
"""Source paper: the whole film, black outside the lungs."""
_AT_ONCE = 16


def crop_of(profile: Profile) -> LungCrop:
    """How a profile shows lungs to the classifier."""
    return PAPER_CROP if profile == "paper" else LungCrop()


@dataclass(frozen=True, slots=True, eq=False)
class FilmCutter:
    """Cuts lungs out of films with the serving code.

    Attributes
    ----------
    size
        Side of the crops.
    drawn
        Cut by the outlines of the index.
    segmenter
        Cut by the lungs that it finds, as a further way; its digest names what it is.
    """

    profile: Profile
    size: int
    drawn: bool = True
    segmenter: LungSegmenter | None = None
    segmenter_digest: str = ""

    def key(self, films: Sequence[IndexedFilm]) -> str:
        """Name a cache by everything that decides what is in it."""
        parts = [self.profile, crop_of(self.profile).model_dump_json(), self.size, self.drawn]
        lines = [f"{film.path} {film.digest} {film.mask} {film.roi_area}" for film in films]
        return sha256_of("\n".join([*map(str, parts), self.segmenter_digest, *lines]).encode())[:16]

    def cut(self, films: Sequence[IndexedFilm]) -> NDArray[np.uint8]:
        """Cut films, uint8 (N, ways, size, size); a film in which no lung is found is black."""
        grey = GreyScale(self.profile)
        pixels = [read_pixels(film, grey) for film in films]
        ways = [[read_mask(film) == 1 for film in films]] if self.drawn else []
        if self.segmenter is not None:
            ways.append([mask > 0 for mask in self._found(pixels, films)])
        crops = [
            [
                self._crop(picture, mask, film)
                for picture, mask, film in zip(pixels, masks, films, strict=True)
            ]
            for masks in ways
        ]
        return np.asarray(np.rint(np.array(crops).swapaxes(0, 1) * 255), np.uint8)

    def _found(
        self, pixels: Sequence[NDArray[np.float32]], films: Sequence[IndexedFilm]
    ) -> list[NDArray[np.bool_]]:
        assert self.segmenter is not None
        radiographs = [as_radiograph(*pair) for pair in zip(pixels, films, strict=True)]
        return [found.lung_mask.pixels for found in self.segmenter.segment(radiographs)]

    def _crop(
        self, pixels: NDArray[np.float32], mask: NDArray[np.bool_], film: IndexedFilm
    ) -> NDArray[np.float32]:
        if not mask.any():
            return np.zeros((self.size, self.size), np.float32)
        return crop_lungs(pixels, mask, Grid(_spacing(film)), crop_of(self.profile), self.size)


def film_crops(films: Sequence[IndexedFilm], cutter: FilmCutter, cache: Path) -> LungCrops:
    """Cut films, or load them from the cache.

    Raises
    ------
    UnusableIndex
        Names a film without a label, or says which class has no film.
    """
    labels = labels_of(films)
    return LungCrops(cut_once(films, cutter, cache), labels, ())


def cut_once(films: Sequence[IndexedFilm], cutter: FilmCutter, cache: Path) -> NDArray[np.uint8]:
    """Cut films, or load them from the cache: uint8 (N, ways, size, size)."""
    path = cache / f"crops-{cutter.key(films)}.npy"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        parts = [cutter.cut(part) for part in _parts(films)]
        save_array(path, np.concatenate(parts))
    crops: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    return crops


def labels_of(films: Sequence[IndexedFilm]) -> NDArray[np.float32]:
    """1.0 for films with the finding, 0.0 for those without.

    Raises
    ------
    UnusableIndex
        Names a film without a label, or says which class has no film.
    """
    bare = [film for film in films if film.rds is None]
    if bare:
        raise UnusableIndex(
            f"{bare[0].path} and {len(bare) - 1} other films have no label in the column rds; label them, or "
            "take them out of the index"
        )
    labels = np.array([film.rds for film in films], np.float32)
    if len(set(labels.tolist())) < 2:
        only = "with" if labels.size and labels[0] else "without"
        raise UnusableIndex(
            f"all {len(films)} films of split {films[0].split if films else ''!r} are {only} the finding "
            f"(column rds; the first is {films[0].path if films else 'none'}); a classifier needs both "
            "classes in every split: add films, or deal them anew"
        )
    return labels


def as_radiograph(pixels: NDArray[np.float32], film: IndexedFilm) -> Radiograph:
    """Give a film the form that the serving code takes; its orientation stays unknown."""
    return Radiograph(np.ascontiguousarray(pixels), None, _spacing(film), Orientation(), Dataset())


def _spacing(film: IndexedFilm) -> PixelSpacing | None:
    return None if film.spacing_mm is None else PixelSpacing(*film.spacing_mm, "imager")


def _parts(films: Sequence[IndexedFilm]) -> Iterator[Sequence[IndexedFilm]]:
    return (films[start : start + _AT_ONCE] for start in range(0, len(films), _AT_ONCE))
