"""A prepared folder as training takes it: its index read, its split unchanged, its splits independent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from train.data.frozen import SPLIT_NAME, thaw
from train.data.index import IndexedFilm, index_file, read_index
from train.data.leaks import refuse_leaks
from train.errors import UnusableIndex


def read_prepared(path: Path) -> list[IndexedFilm]:
    """Read the index of a prepared folder and refuse splits that were changed or that leak.

    Parameters
    ----------
    path
        The folder, or its index.

    Raises
    ------
    UnusableIndex
        If a row cannot be used.
    UnusableSplit
        If ``split.json`` or the column ``split`` were changed, or splits share a baby or an exposure.
    """
    films, frozen = read_index(path), index_file(path).with_name(SPLIT_NAME)
    if frozen.exists():
        thaw(frozen, films)
    refuse_leaks(films)
    return films


def films_with_lungs(films: Sequence[IndexedFilm], split: str) -> list[IndexedFilm]:
    """Return the films of a split that have a mask.

    Raises
    ------
    UnusableIndex
        If there is none; the message says which splits there are.
    """
    chosen = [film for film in films if film.split == split and film.mask is not None]
    if not chosen:
        present = ", ".join(sorted({film.split or "(none)" for film in films}))
        raise UnusableIndex(
            f"no film of split {split} has a lung mask (splits: {present}); draw masks, or prepare the films "
            "with --split patient"
        )
    return chosen
