"""Films as the source paper had them: 8-bit PNG, least to greatest, with their masks as PNG beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.pixels.grayscale import GreyScale
from train.data.index import IndexedFilm
from train.data.masks import read_mask, write_mask
from train.data.pictures import read_pixels

_DIGEST_DIGITS = 8


def write_paper_pictures(film: IndexedFilm, out: Path) -> IndexedFilm:
    """Write ``films/NAME.png`` and, where there is an outline, ``masks/NAME.png``.

    Returns
    -------
    IndexedFilm
        The row that points to them; digest and perceptual hash stay those of the source.

    Raises
    ------
    UnusableIndex
        If film or mask cannot be read.
    """
    name = f"{film.path.stem}-{film.digest[:_DIGEST_DIGITS]}.png"
    pixels = read_pixels(film, GreyScale.PAPER)
    mask = None if film.mask is None else read_mask(film)
    path, drawn = out / "films" / name, out / "masks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(pixels * 255).astype(np.uint8)).save(path)
    if mask is not None:
        drawn.parent.mkdir(exist_ok=True)
        write_mask(drawn, mask)
    return replace(film, path=path, mask=None if mask is None else drawn)
