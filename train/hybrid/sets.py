"""Sets of hybrid films by seed, painted once and kept in a cache folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.bundle.manifest import sha256_of
from train.films import SquareFilms, save_array, square_pair, stretch
from train.hybrid.base import BaseFilms
from train.hybrid.film import HYBRID_VERSION, HybridSettings, disease_of, make_hybrid
from train.phantom_sets import CropMaker, LungCrops


def hybrid_crops(
    seeds: range, films: BaseFilms, maker: CropMaker, cache: Path, settings: HybridSettings | None = None
) -> LungCrops:
    """Paint and cut the hybrids of these seeds, or load them from the cache; see `train.phantom_sets`."""
    drawn = settings or HybridSettings()
    path = _place(cache, "crops", seeds, films.key(), maker.key(), drawn)
    if not path.exists():
        crops = [maker.cut(make_hybrid(seed, films.of_seed(seed), drawn)) for seed in seeds]
        save_array(path, np.array(crops, np.uint8))
    images = np.load(path, mmap_mode="r", allow_pickle=False)
    diseases = tuple(disease_of(seed) for seed in seeds)
    return LungCrops(images, np.array([disease.is_rds for disease in diseases], np.float32), diseases)


def hybrid_squares(
    seeds: range, films: BaseFilms, size: int, cache: Path, settings: HybridSettings | None = None
) -> SquareFilms:
    """Paint the hybrids of these seeds as squares with lung masks, for the segmenter, or load them."""
    drawn = settings or HybridSettings()
    path = _place(cache, "lungs", seeds, films.key(), size, drawn)
    if not path.exists():
        hybrids = (make_hybrid(seed, films.of_seed(seed), drawn) for seed in seeds)
        pairs = [
            square_pair(stretch(film.pixels), (film.lungs > 0).astype(np.uint8), size) for film in hybrids
        ]
        save_array(path, np.array(pairs, np.uint8))
    stored = np.load(path, mmap_mode="r", allow_pickle=False)
    return SquareFilms(stored[:, 0], stored[:, 1])


def _place(cache: Path, kind: str, seeds: range, *parts: object) -> Path:
    cache.mkdir(parents=True, exist_ok=True)
    key = sha256_of(" ".join(repr(part) for part in (HYBRID_VERSION, *parts)).encode())[:16]
    return cache / f"hybrid-{kind}-{key}-{seeds.start}-{seeds.stop}.npy"
