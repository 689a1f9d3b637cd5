"""Simulated films as a folder with an index: DICOM films with SEG and JSON truth, or pictures with masks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from train.data import IndexedFilm, write_index
from train.data.describe import Candidate, describe
from train.data.masks import write_mask
from train.phantom import GENERATOR_VERSION, Phantom, PhantomSettings, dataset_of, make_phantom
from train.phantom.truth import segmentation_of, truth_of


@dataclass(frozen=True, slots=True)
class FolderPlan:
    """What is written.

    Attributes
    ----------
    dicom
        DICOM film and SEG; else PNG film and PNG mask. Both with a JSON of the truth.
    split
        Name of the split of all films; empty: every fifth is ``val``, the others ``train``.
    workers
        Processes that draw.
    """

    settings: PhantomSettings = field(default_factory=PhantomSettings)
    dicom: bool = True
    split: str = ""
    workers: int = 1


def write_phantoms(seeds: range, out: Path, plan: FolderPlan | None = None) -> Iterator[Path]:
    """Write the films of these seeds, and at the end the index; gives the path of each film."""
    chosen = plan or FolderPlan()
    (out / "masks").mkdir(parents=True, exist_ok=True)
    films: list[IndexedFilm] = []
    for film in _drawn(partial(_write_one, out, chosen), seeds, chosen.workers):
        films.append(film)
        yield film.path
    write_index(out, films)


def _drawn(write: Callable[[int], IndexedFilm], seeds: range, workers: int) -> Iterator[IndexedFilm]:
    if workers == 1:
        yield from map(write, seeds)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(write, seeds, chunksize=4)


def _write_one(out: Path, plan: FolderPlan, seed: int) -> IndexedFilm:
    film = make_phantom(seed, plan.settings)
    stem = f"phantom-{seed:06d}"
    path, mask = _write_dicom(film, out, stem) if plan.dicom else _write_png(film, out, stem)
    truth = json.dumps(truth_of(film), indent=None) + "\n"
    (out / f"{stem}.json").write_text(truth, encoding="utf-8")
    return describe(
        Candidate(
            path=path,
            mask=mask,
            patient=f"PHANTOM-{seed}",
            rds=film.baby.disease.is_rds,
            spacing_mm=(round(film.pitch_mm, 5), round(film.pitch_mm, 5)),
            age_days=float(film.baby.age_days),
            split=plan.split or ("val" if seed % 5 == 4 else "train"),
            provenance=f"SYNTHETIC phantom, generator {GENERATOR_VERSION}, seed {seed}",
            attributes=_attributes(film),
        )
    )


def _write_dicom(film: Phantom, out: Path, stem: str) -> tuple[Path, Path]:
    path, mask = out / f"{stem}.dcm", out / "masks" / f"{stem}.seg.dcm"
    dataset = dataset_of(film)
    dataset.save_as(path, enforce_file_format=True)
    segmentation_of(film, dataset).save_as(mask, enforce_file_format=True)
    return path, mask


def _write_png(film: Phantom, out: Path, stem: str) -> tuple[Path, Path]:
    path, mask = out / f"{stem}.png", out / "masks" / f"{stem}.png"
    Image.fromarray(np.rint(film.pixels * 255).astype(np.uint8)).save(path)
    write_mask(mask, (film.lungs > 0).astype(np.uint8))
    return path, mask


def _attributes(film: Phantom) -> dict[str, str]:
    """Columns that subgroups and baselines ask for."""
    return {
        "disease": film.baby.disease.value,
        "grade": str(film.baby.disease.grade),
        "weeks": f"{film.baby.weeks:.1f}",
        "weight_g": f"{film.baby.weight_g:.0f}",
        "vendor": film.vendor.name,
        "turns": str(film.turns),
        "devices": ", ".join(device.name for device in film.devices),
    }
