"""Films without disease to paint hybrids on: phantoms, so that the tests need no collection of real films."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from train.data import IndexedFilm, write_index
from train.data.describe import Candidate, describe
from train.data.masks import write_mask
from train.hybrid.base import BaseFilm
from train.phantom import Disease, Phantom, PhantomSettings, make_phantom
from train.phantom.devices import DeviceRates

_BARE = DeviceRates(**dict.fromkeys(DeviceRates.__dataclass_fields__, 0.0))


@cache
def healthy_phantom(seed: int, long_side: int = 224) -> Phantom:
    """Draw an upright, healthy newborn without devices."""
    settings = PhantomSettings(long_side=long_side, sideways=0, whole_baby=0, devices=_BARE)
    return make_phantom(seed, settings, disease=Disease.NORMAL)


def base_film(seed: int, long_side: int = 224) -> BaseFilm:
    """Take a healthy phantom for a real film."""
    film = healthy_phantom(seed, long_side)
    return BaseFilm(f"film-{seed}.png", f"patient-{seed}", film.pixels, film.lungs)


def write_base_films(folder: Path, count: int, *, val_from: int = 10**6) -> list[IndexedFilm]:
    """Write healthy films with outlines and their index; those from a number on are of split ``val``."""
    (folder / "masks").mkdir(parents=True, exist_ok=True)
    films = []
    for seed in range(count):
        film, path, mask = (
            healthy_phantom(seed, 128),
            folder / f"f{seed}.png",
            folder / "masks" / f"f{seed}.png",
        )
        Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8)).save(path)
        write_mask(mask, (film.lungs > 0).astype(np.uint8))
        split = "val" if seed >= val_from else "train"
        films.append(describe(Candidate(path, mask, patient=f"patient-{seed}", rds=False, split=split)))
    write_index(folder, films)
    return films
