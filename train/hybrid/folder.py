"""Hybrid films as a folder: PNG films, lung masks, the truth of each as JSON, and an index to train from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from PIL import Image

from train.data import IndexedFilm, write_index
from train.data.describe import Candidate, describe
from train.data.masks import write_mask
from train.hybrid.base import BaseFilms
from train.hybrid.film import HYBRID_VERSION, Hybrid, HybridSettings, make_hybrid

PROVENANCE = "SYNTHETIC: simulated disease and devices on a real film"


def write_hybrids(
    seeds: range, films: BaseFilms, out: Path, settings: HybridSettings | None = None, split: str = "train"
) -> Iterator[Hybrid]:
    """Write films one by one, and at the end the index; gives each as it is written.

    A hybrid keeps the patient of the film beneath, so that splits by patient hold for both kinds together.
    """
    (out / "masks").mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in seeds:
        hybrid = make_hybrid(seed, films.of_seed(seed), settings)
        rows.append(_write(hybrid, out, split))
        yield hybrid
    write_index(out, rows)


def _write(hybrid: Hybrid, out: Path, split: str) -> IndexedFilm:
    name = f"hybrid-{hybrid.seed:06d}"
    path, mask = out / f"{name}.png", out / "masks" / f"{name}.png"
    Image.fromarray(np.rint(hybrid.pixels * 255).astype(np.uint8)).save(path)
    write_mask(mask, (hybrid.lungs > 0).astype(np.uint8))
    path.with_suffix(".json").write_text(json.dumps(truth_of(hybrid), indent=1) + "\n", encoding="utf-8")
    return describe(
        Candidate(
            path=path,
            mask=mask,
            patient=hybrid.patient,
            rds=hybrid.disease.is_rds,
            split=split,
            provenance=f"{PROVENANCE}, generator {HYBRID_VERSION}, seed {hybrid.seed}, on {hybrid.source}",
            attributes={"disease": hybrid.disease.value},
        )
    )


def truth_of(hybrid: Hybrid) -> dict[str, object]:
    """Everything that is known of a hybrid but its masks, JSON-able."""
    return {
        "synthetic": True,
        "kind": PROVENANCE,
        "generator_version": HYBRID_VERSION,
        "seed": hybrid.seed,
        "source": hybrid.source,
        "patient": hybrid.patient,
        "rds": hybrid.disease.is_rds,
        "disease": hybrid.disease.value,
        "look": asdict(hybrid.look),
        "shape": asdict(hybrid.shape),
        "pitch_mm_as_newborn": hybrid.pitch_mm,
        "devices": [{"name": device.name, "tip": device.tip} for device in hybrid.devices],
    }
