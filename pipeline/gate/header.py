"""Judge a film by its header, before anything is decoded."""

from collections.abc import Callable

from pydicom import Dataset

from pipeline.gate.acquisition import (
    judge_image_type,
    judge_intent,
    judge_modality,
    judge_pixels,
    judge_sop_class,
    judge_species,
)
from pipeline.gate.age import judge_age
from pipeline.gate.anatomy import judge_body_part
from pipeline.gate.settings import GateSettings
from pipeline.gate.verdicts import decide, no
from pipeline.gate.view import judge_view
from pipeline.values import GateDecision, RuleVerdict, Verdict

HEADER_RULES: tuple[Callable[[Dataset, GateSettings], RuleVerdict], ...] = (
    judge_sop_class,
    judge_modality,
    judge_species,
    judge_pixels,
    judge_image_type,
    judge_intent,
    judge_age,
    judge_body_part,
    judge_view,
)
"""In order of priority: the first NO gives the coded reason."""

_OF_THE_POPULATION = ("age", "body part", "view")


def judge_header(header: Dataset, settings: GateSettings) -> GateDecision:
    """Decide whether a film is a newborn's frontal chest radiograph, as far as its header says.

    Parameters
    ----------
    header
        With or without pixels; anything may be missing or damaged.

    Returns
    -------
    GateDecision
        Any NO turns the film away. What is unknown does not, and stands in the explanation; but when age,
        body part and view are all unknown, the film passes only with ``process_unknown``, and when the age is
        unknown, only without ``require_age``.
    """
    verdicts = [rule(header, settings) for rule in HEADER_RULES]
    population = [verdict for verdict in verdicts if verdict.rule in _OF_THE_POPULATION]
    if not settings.process_unknown and all(one.verdict == Verdict.UNKNOWN for one in population):
        verdicts.append(
            no("population", "neither age, body part nor view is known; the settings ask for one")
        )
    if settings.require_age and population[0].verdict == Verdict.UNKNOWN:
        verdicts.append(no("known age", "the settings ask for films whose age is known"))
    return decide(verdicts)
