"""A page of phantoms to look at, one class or grade a column."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from train.phantom.appearance import Disease
from train.phantom.film import GENERATOR_VERSION, Phantom, PhantomSettings, make_phantom

COLUMNS = (
    (Disease.NORMAL,) * 4,
    (Disease.RDS_1,) * 4,
    (Disease.RDS_2,) * 4,
    (Disease.RDS_3,) * 4,
    (Disease.RDS_4,) * 4,
    (Disease.WET_LUNG,) * 4,
    (Disease.NORMAL, Disease.PNEUMONIA, Disease.ASPIRATION, Disease.PNEUMOTHORAX),
    (Disease.RDS_2, Disease.RDS_1, Disease.RDS_3, Disease.NORMAL),
)
"""From left to right, and in each from top to bottom."""
_CELL = (300, 330)
_CAPTION = 22
_TITLE = 34


def draw_page(first_seed: int, path: Path) -> int:
    """Draw 32 phantoms with class, grade and gestational age below each; returns how many.

    The format follows the suffix of the path; a JPEG stays small enough to be kept beside the documents.
    """
    rows = len(COLUMNS[0])
    size = (len(COLUMNS) * _CELL[0], rows * _CELL[1] + _TITLE)
    page = Image.new("L", size, 0)
    title = f"SYNTHETIC - simulated films, not patients (neolung phantom generator {GENERATOR_VERSION})"
    ImageDraw.Draw(page).text((8, 8), title, fill=255, font=ImageFont.load_default(18))
    for number, (row, column) in enumerate(product(range(rows), range(len(COLUMNS)))):
        settings = PhantomSettings(long_side=900, sideways=0.0, whole_baby=0.2)
        film = make_phantom(first_seed + number, settings, disease=COLUMNS[column][row])
        _place(page, film, (column * _CELL[0], _TITLE + row * _CELL[1]))
    path.parent.mkdir(parents=True, exist_ok=True)
    page.save(path, quality=72)
    return rows * len(COLUMNS)


def _place(page: Image.Image, film: Phantom, corner: tuple[int, int]) -> None:
    """Put one film and its caption into its cell."""
    picture = Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8))
    picture.thumbnail((_CELL[0] - 8, _CELL[1] - _CAPTION - 4), Image.Resampling.LANCZOS)
    page.paste(picture, (corner[0] + (_CELL[0] - picture.width) // 2, corner[1]))
    caption = f"{film.baby.disease.value}, {film.baby.weeks:.0f} weeks"
    place = (corner[0] + 8, corner[1] + _CELL[1] - _CAPTION)
    ImageDraw.Draw(page).text(place, caption, fill=220, font=ImageFont.load_default(14))
