"""Films and answers that never were, for tests of what is computed from them."""

import numpy as np

from train.evaluation.calibration import to_probabilities
from train.evaluation.overlap import Overlap
from train.evaluation.results import FilmResult, Known, Said


def made_overlap(iou: float, spacing: float = 0.2) -> Overlap:
    dice = 2 * iou / (1 + iou)
    distance = 40 * (1 - iou)
    return Overlap(
        iou, 0.98, dice, distance, distance / 3, distance * spacing, distance * spacing / 3, iou, 100, 5, 5
    )


def made_results(
    films: int = 80, *, seed: int = 0, skill: float = 2.0, split: str = "test"
) -> list[FilmResult]:
    """Films whose probability is right with some skill, whose lung area tells a little of the label."""
    rng = np.random.default_rng(seed)
    results = []
    for i in range(films):
        rds = bool(i % 2)
        logit = skill * (2 * rds - 1) + rng.normal(0, 2)
        probability = float(to_probabilities(logit))
        weeks = rng.uniform(25, 41)
        known = Known(
            film=f"films/{split}-{i}.png",
            patient=f"{split}-{i // 2 if i < 20 else i}",
            split=split,
            provenance="SYNTHETIC phantom",
            rds=rds,
            sex="FM"[i % 2],
            age_days=float(i % 3),
            digest=f"{i:064d}",
            attributes={"weeks": f"{weeks:.1f}", "turns": str((i % 4 == 0 and 1) or 0), "vendor": "A|B <i>"},
        )
        area = 1500 - 200 * rds + rng.normal(0, 300)
        said = Said(
            outcome="not assessable" if i % 10 == 0 else "present" if probability >= 0.5 else "absent",
            reason="other" if i % 10 == 0 else "",
            explanation="lung area: 20 mm2, allowed 300 to 5000 mm2" if i % 10 == 0 else "",
            probability=probability,
            confidence=0.9,
            lung_fraction=area / 20_000,
            lung_mm2=area,
            lung_mean=0.5 + 0.1 * rds + rng.normal(0, 0.1),
            lung_texture=0.05,
        )
        results.append(FilmResult(known, said, made_overlap(float(rng.uniform(0.6, 0.95)))))
    return results
