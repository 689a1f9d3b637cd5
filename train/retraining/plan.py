"""How much is learnt in one retraining."""

from __future__ import annotations

from dataclasses import dataclass, field

from train.errors import UnknownRecipe
from train.recipes import FitSettings


@dataclass(frozen=True, slots=True)
class RetrainPlan:
    """One retraining.

    Attributes
    ----------
    lungs, findings
        The loops of the segmenter and of the classifier; both start from the bundle's weights.
    folds
        The segmenter is also trained this many times without a part of the babies, so that the classifier
        learns from masks of films that their segmenter had not seen; 0: with the segmenter as it ends.
    rehearsal
        Phantoms shown besides, so that what the bundle could before is not forgotten (SYNTHETIC).
    """

    lungs: FitSettings = field(
        default_factory=lambda: FitSettings(epochs=6, batch=8, learning_rate=1e-4, averaging=0.99)
    )
    findings: FitSettings = field(
        default_factory=lambda: FitSettings(
            epochs=8, batch=16, learning_rate=1e-4, weight_decay=1e-2, averaging=0.99
        )
    )
    folds: int = 3
    rehearsal: int = 200


_SMALL = RetrainPlan(
    lungs=FitSettings(epochs=2, batch=8, learning_rate=1e-4, averaging=0.95),
    findings=FitSettings(epochs=4, batch=16, learning_rate=2e-4, weight_decay=1e-2, averaging=0.97),
    folds=2,
    rehearsal=60,
)
_TINY = RetrainPlan(
    lungs=FitSettings(epochs=4, batch=4, learning_rate=2e-3, averaging=0.9, threads=1),
    findings=FitSettings(epochs=3, batch=4, learning_rate=1e-3, averaging=0.9, threads=1),
    folds=2,
    rehearsal=0,
)
PLANS = {"full": RetrainPlan(), "small": _SMALL, "tiny": _TINY}


def plan_of(budget: str) -> RetrainPlan:
    """Give the plan of a name.

    Raises
    ------
    UnknownRecipe
        If there is none.
    """
    if budget not in PLANS:
        raise UnknownRecipe(f"there is no budget {budget!r}; choose one of {', '.join(PLANS)}")
    return PLANS[budget]
