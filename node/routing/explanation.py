"""Why a film goes the way it does: every route with every condition, and what each destination would get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset

from node.config.schema import Config, DestinationConfig
from node.routing.receipt import Reception
from node.routing.router import Router
from node.routing.values import LOW, NORMAL, STAT, Decision, RouteVerdict, Sender
from pipeline.values import Analysis, Outcome

_WORDS = {STAT: "stat", NORMAL: "normal", LOW: "low"}
_ONLY_OF_JUDGED = ("seg", "pr", "summary")
"""Objects that show lungs or findings, which films that are not judged do not have. The summary comes when
the study has another film that was judged."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would become of a film that a sender sends.

    Attributes
    ----------
    is_film
        Whether it is of a kind that may be analysed.
    routes
        Every route, also those behind the one that won.
    priority
        ``stat``, ``normal`` or ``low``.
    waits_s
        How long it would wait for another image of its exposure.
    """

    decision: Decision
    is_film: bool
    routes: tuple[RouteVerdict, ...]
    priority: str
    waits_s: float

    @property
    def is_analysed(self) -> bool:
        """Whether the models see it."""
        return self.is_film and self.decision.process

    @property
    def summary(self) -> str:
        """Say in a sentence what was decided."""
        if not self.is_film:
            return "It is of no kind that is analysed: it is stored, and nothing else."
        won = f"Route {self.decision.route} wins" if self.decision.route else "No route matches"
        if not self.decision.process:
            return f"{won}: the film is stored, and nothing else."
        if self.decision.shadow:
            return f"{won}: the film is analysed, and nothing is sent (shadow)."
        return f"{won}."


def explain_routes(config: Config, film: Dataset, sender: Sender, bundle: Path | None = None) -> Explanation:
    """Hold every route against a film; the models are not needed for that.

    Parameters
    ----------
    bundle
        That serves films whose route names none; None: that of the configuration.
    """
    router = Router.of(config, bundle)
    reception = Reception(config)
    admission = reception.admission(film, sender)
    return Explanation(
        decision=router.decide(film, sender),
        is_film=reception.is_film(str(film.get("SOPClassUID", "")), film),
        routes=tuple(router.judge(film, sender)),
        priority=_WORDS.get(admission.priority, str(admission.priority)),
        waits_s=admission.delay.total_seconds(),
    )


def objects_for(config: Config, decision: Decision, analysis: Analysis | None) -> Mapping[str, Sequence[str]]:
    """Give the kinds of object that each destination would get; of others nothing is said."""
    if analysis is None:
        return {}
    chosen = [one for one in config.destinations if one.name in decision.destinations]
    return {one.name: _kinds(config, one, analysis.outcome) for one in chosen}


def _kinds(config: Config, destination: DestinationConfig, outcome: Outcome) -> list[str]:
    is_turned_away = outcome is Outcome.NOT_ELIGIBLE and not config.results.send_not_eligible
    if is_turned_away or destination.shadow:
        return []
    is_judged = outcome in (Outcome.PRESENT, Outcome.ABSENT)
    return [kind for kind in destination.send if is_judged or kind not in _ONLY_OF_JUDGED]
