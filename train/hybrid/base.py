"""Films without disease, on which hybrids are painted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.data import IndexedFilm, read_mask, read_pixels
from train.errors import UnusableIndex


@dataclass(frozen=True, slots=True, eq=False)
class BaseFilm:
    """One real film and its lungs.

    Attributes
    ----------
    pixels
        float32 (rows, columns) in [0, 1], 1 is white, upright.
    lungs
        uint8 (rows, columns): 1 right lung (at the left of the picture), 2 left lung.
    """

    name: str
    patient: str
    pixels: NDArray[np.float32]
    lungs: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class BaseFilms:
    """Films of an index that carry no disease and have a lung outline; read when they are asked for."""

    films: tuple[IndexedFilm, ...]

    @classmethod
    def choose(cls, index: Iterable[IndexedFilm], split: str = "") -> BaseFilms:
        """Take the films with ``rds`` 0 and a mask, in the order of their names.

        Parameters
        ----------
        split
            Only films of this split, unless it is empty.

        Raises
        ------
        UnusableIndex
            If there is none.
        """
        healthy = [film for film in index if film.rds is False and film.mask and film.roi_area > 0]
        chosen = [film for film in healthy if split in {"", film.split}]
        if not chosen:
            where = f" in split {split}" if split else ""
            raise UnusableIndex(
                f"no film without disease (rds 0) and with a lung mask{where} to paint hybrids on"
            )
        return cls(tuple(sorted(chosen, key=lambda film: (film.path.name, film.patient))))

    def __len__(self) -> int:
        """Count the films."""
        return len(self.films)

    def patient_of(self, seed: int) -> str:
        """Name the patient of a seed's film."""
        return self.films[seed % len(self.films)].patient

    def of_seed(self, seed: int) -> BaseFilm:
        """Read a seed's film; seeds count through the films."""
        film = self.films[seed % len(self.films)]
        lungs = read_mask(film) == 1
        if not lungs.any():
            raise UnusableIndex(f"{film.mask} outlines no lung; mend it or take {film.path} out of the index")
        return BaseFilm(film.path.name, film.patient, read_pixels(film), name_sides(lungs))

    def key(self) -> str:
        """Short digest that changes with the films, their outlines and their order."""
        parts = [f"{film.path} {film.patient} {film.digest} {film.roi_area}" for film in self.films]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def split_patients(films: BaseFilms, part: float) -> tuple[BaseFilms, BaseFilms]:
    """Hold back about this part of the patients, chosen by a digest of their names: (rest, held back)."""
    patients = sorted(
        {film.patient for film in films.films}, key=lambda name: hashlib.sha256(name.encode()).digest()
    )
    held = set(patients[: max(1, round(part * len(patients)))])
    rest = tuple(film for film in films.films if film.patient not in held)
    if not rest:
        raise UnusableIndex(f"films of {len(patients)} patient cannot be split; give films of more patients")
    return BaseFilms(rest), BaseFilms(tuple(film for film in films.films if film.patient in held))


def name_sides(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Tell the right lung (1, at the left of an upright film) from the left one (2)."""
    from scipy.ndimage import label

    parts, count = label(mask)
    columns = np.flatnonzero(mask.any(axis=0))
    middle = (columns[0] + columns[-1]) / 2 if len(columns) else 0.0
    sides = np.zeros(mask.shape, np.uint8)
    for part in range(1, count + 1):
        here = parts == part
        sides[here] = 1 if np.nonzero(here)[1].mean() < middle else 2
    return sides
