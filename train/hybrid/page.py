"""A page of hybrid films to look at: one baby a row, one disease a column, all else the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from train.hybrid.base import BaseFilms
from train.hybrid.film import Hybrid, HybridSettings, make_hybrid
from train.phantom import Disease

COLUMNS = (Disease.NORMAL, Disease.RDS_1, Disease.RDS_2, Disease.RDS_3, Disease.RDS_4, Disease.WET_LUNG)
_CELL = (260, 230)
_CAPTION = 14


def write_page(
    path: Path, seeds: Sequence[int], films: BaseFilms, settings: HybridSettings | None = None
) -> None:
    """Paint every seed's film with each disease of `COLUMNS` and write them as one picture."""
    wide, tall = _CELL[0], _CELL[1] + _CAPTION
    page = Image.new("L", (wide * len(COLUMNS), tall * len(seeds)))
    for row, seed in enumerate(seeds):
        base = films.of_seed(seed)
        for column, disease in enumerate(COLUMNS):
            hybrid = make_hybrid(seed, base, settings, disease=disease)
            page.paste(_cell(hybrid), (column * wide, row * tall))
    page.save(path, quality=80)


def _cell(hybrid: Hybrid) -> Image.Image:
    cell = Image.new("L", (_CELL[0], _CELL[1] + _CAPTION))
    picture = Image.fromarray(np.rint(hybrid.pixels * 255).astype(np.uint8))
    picture.thumbnail((_CELL[0] - 4, _CELL[1]), Image.Resampling.LANCZOS)
    cell.paste(picture, ((_CELL[0] - picture.width) // 2, 0))
    ImageDraw.Draw(cell).text((4, _CELL[1] + 1), f"SYNTHETIC  {hybrid.disease.value}", fill=255)
    return cell
