"""Simulated films as a folder: PNG with masks and an index for training, or DICOM files for the node."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from train.data import IndexedFilm, write_index
from train.data.describe import Candidate, describe
from train.data.masks import write_mask
from train.phantom import GENERATOR_VERSION, Phantom, PhantomSettings, dataset_of, make_phantom


def write_phantoms(seeds: range, out: Path, *, long_side: int = 640, dicom: bool = False) -> Iterator[Path]:
    """Write films one by one; gives the path of each image.

    PNG films come with ``masks/`` and an index (every fifth film is for validation), DICOM films with a JSON
    of their truth each.
    """
    out.mkdir(parents=True, exist_ok=True)
    settings = PhantomSettings(long_side=long_side)
    films: list[IndexedFilm] = []
    for seed in seeds:
        film = make_phantom(seed, settings)
        if dicom:
            yield _write_dicom(film, out)
        else:
            path = _write_png(film, out)
            films.append(_indexed(film, path))
            write_index(out, films)
            yield path


def _write_dicom(film: Phantom, out: Path) -> Path:
    path = out / f"phantom-{film.seed:06d}.dcm"
    dataset_of(film).save_as(path, enforce_file_format=True)
    path.with_suffix(".json").write_text(json.dumps(truth_of(film), indent=1) + "\n", encoding="utf-8")
    return path


def _write_png(film: Phantom, out: Path) -> Path:
    (out / "masks").mkdir(exist_ok=True)
    path = out / f"phantom-{film.seed:06d}.png"
    Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8)).save(path)
    write_mask(_mask_of(path), (film.lungs > 0).astype(np.uint8))
    return path


def _mask_of(path: Path) -> Path:
    return path.parent / "masks" / path.name


def _indexed(film: Phantom, path: Path) -> IndexedFilm:
    return describe(
        Candidate(
            path=path,
            mask=_mask_of(path),
            patient=f"PHANTOM-{film.seed}",
            rds=film.baby.disease.is_rds,
            spacing_mm=(round(film.pitch_mm, 5), round(film.pitch_mm, 5)),
            split="val" if film.seed % 5 == 4 else "train",
            provenance=f"SYNTHETIC phantom, generator {GENERATOR_VERSION}, seed {film.seed}",
            attributes={"disease": film.baby.disease.value, "turns": str(film.turns)},
        )
    )


def truth_of(film: Phantom) -> dict[str, object]:
    """Everything that is known of a phantom but its masks, JSON-able."""
    return {
        "synthetic": True,
        "generator_version": GENERATOR_VERSION,
        "seed": film.seed,
        "rds": film.baby.disease.is_rds,
        "disease": film.baby.disease.value,
        "weeks": round(film.baby.weeks, 2),
        "weight_g": round(film.baby.weight_g),
        "pitch_mm": film.pitch_mm,
        "turns_to_upright": film.turns,
        "devices": [device.name for device in film.devices],
        "right_lung_mm2": round(float((film.lungs == 1).sum()) * film.pitch_mm**2, 1),
        "left_lung_mm2": round(float((film.lungs == 2).sum()) * film.pitch_mm**2, 1),
    }
