"""Old and new bundle on the same locked babies: whether the new one is surely not worse."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.bundle.evidence import Difference, Evidence
from train.evaluation.comparison import MARGINS, Compared
from train.evaluation.evaluation import Films
from train.retraining.lock import Lock
from train.retraining.start import StartBundle


def weigh(
    compared: Sequence[Compared], films: Films, start: StartBundle, lock: Lock, *, same_lungs: bool
) -> Evidence:
    """Say whether the new bundle may take the old one's place.

    Parameters
    ----------
    compared
        New against old, see `train.evaluation.comparison.compare_bundles`.
    same_lungs
        Whether both have the same segmenter, so that its outlines need no comparison.
    """
    by_name = {one.figure: one for one in compared}
    demanded = [figure for figure in MARGINS if not (figure == "iou" and same_lungs)]
    sentences = [_sentence(figure, by_name.get(figure)) for figure in demanded]
    sentences += [
        f"{_said(one)}, no bound"
        for one in compared
        if one.margin is None and not math.isnan(one.result.difference)
    ]
    return Evidence(
        passes=all(figure in by_name and bool(by_name[figure].is_not_inferior) for figure in demanded),
        against=start.digest,
        against_name=start.name,
        films=films.films,
        patients=films.patients,
        locked_digest=lock.digest,
        marks=tuple(
            word for word, count in (("SYNTHETIC", films.synthetic), ("STAND-IN", films.stand_in)) if count
        ),
        sentences=tuple(sentences),
        differences=tuple(_difference(one) for one in compared),
    )


def _sentence(figure: str, one: Compared | None) -> str:
    margin = MARGINS[figure]
    if one is None or math.isnan(one.result.difference):
        return f"{figure}: not measured, the locked babies lack labels of both classes or outlines: fails"
    verdict = "holds" if one.is_not_inferior else "fails"
    return f"{_said(one)}, must lie above {-margin:+.2f}: {verdict}"


def _said(one: Compared) -> str:
    found = one.result
    interval = f"{found.low:+.3f} to {found.high:+.3f}"
    return f"{one.figure}: new minus old {found.difference:+.3f} ({interval}) on {one.films} films"


def _difference(one: Compared) -> Difference:
    return Difference(
        figure=one.figure,
        films=one.films,
        difference=_finite(one.result.difference),
        low=_finite(one.result.low),
        high=_finite(one.result.high),
        p=_finite(one.result.p),
        margin=one.margin,
        holds=one.is_not_inferior,
    )


def _finite(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
