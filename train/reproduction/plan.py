"""What a reproduction trains, at which budget; everything that decides its figures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from train.errors import MissingStartWeights, UnknownRecipe
from train.findings import FindingSettings
from train.lungs import LungSettings
from train.named_recipes import (
    PAPER_FINDINGS,
    PAPER_LUNGS,
    Changes,
    encoder_name,
    finding_recipe,
    lung_recipe,
)
from train.pretrained import AUTO, NONE, require_imagenet


@dataclass(frozen=True, slots=True)
class Budget:
    """How much of the paper's training is done.

    Attributes
    ----------
    lungs, findings
        What is changed of the paper's recipes.
    encoders
        Of the classifiers, a row each.
    repeats
        Bootstrap draws.
    """

    name: str
    lungs: Changes
    findings: Changes
    encoders: tuple[str, ...]
    repeats: int = 2000


_SMALLEST = Changes(epochs=1, size=96, batch=8, weights=NONE)
BUDGETS = {
    "tiny": Budget(
        "tiny", replace(_SMALLEST, encoder="test_efficientnet"), _SMALLEST, ("test_efficientnet",), 100
    ),
    "small": Budget(
        "small",
        Changes(epochs=6, size=96, encoder="lite0", batch=16),
        Changes(epochs=8, size=96, batch=8),
        ("lite0", "lite1", "lite2"),
    ),
    "paper": Budget("paper", Changes(), Changes(), ("b0", "b3", "b5")),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The trainings of a reproduction.

    Attributes
    ----------
    lungs
        Of Table 1.
    findings
        Of Tables 2 and 3, a row each; the additional training repeats them on found lungs.
    notes
        What differs from the paper without having been asked for, in sentences.
    """

    budget: str
    lungs: LungSettings
    findings: tuple[FindingSettings, ...]
    repeats: int
    notes: tuple[str, ...] = field(default=())


def plan_of(budget: str, changes: Changes, encoders: tuple[str, ...] = ()) -> Plan:
    """Make the plan of a budget; an encoder whose ImageNet weights cannot be had starts from random ones.

    Parameters
    ----------
    changes
        Override the budget for both networks; the encoder is the segmenter's.
    encoders
        Of the classifiers; the budget's when empty.

    Raises
    ------
    UnknownRecipe
        If there is no such budget or encoder.
    """
    if budget not in BUDGETS:
        raise UnknownRecipe(f"no budget {budget!r}; there are {', '.join(BUDGETS)}")
    spent = BUDGETS[budget]
    lungs = lung_recipe(PAPER_LUNGS, _merged(spent.lungs, changes))
    wanted = _merged(spent.findings, replace(changes, encoder=None))
    named = [replace(wanted, encoder=encoder_name(name)) for name in encoders or spent.encoders]
    findings = [finding_recipe(PAPER_FINDINGS, one) for one in named]
    notes: dict[str, None] = {}
    settled = [replace(one, start=_start(one.architecture.backbone, one.start, notes)) for one in findings]
    lungs = replace(lungs, start=_start(lungs.architecture.encoder, lungs.start, notes))
    return Plan(budget, lungs, tuple(settled), spent.repeats, tuple(notes))


def _merged(budget: Changes, changes: Changes) -> Changes:
    given = {name: getattr(changes, name) for name in Changes.__slots__ if getattr(changes, name) is not None}
    return replace(budget, **given)


def _start(encoder: str, source: str, notes: dict[str, None]) -> str:
    """Keep the source of the start weights, or fall back on random ones and say so."""
    if source != AUTO:
        if source == NONE:
            notes[f"{encoder} started from random weights, as asked (the paper's start was ImageNet)."] = None
        return source
    try:
        require_imagenet(encoder)
    except MissingStartWeights as error:
        notes[f"{encoder} started from RANDOM weights: {error}."] = None
        return NONE
    return source
