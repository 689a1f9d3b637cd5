"""What is decided about a film, and why, in values that can be kept and sent to other processes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_ROUTE = ""
"""Name of what holds for films that no route matches."""
STAT, NORMAL, LOW = 10, 0, -10
"""Priorities of jobs."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a film, and under which title this node was called."""

    calling_ae_title: str
    called_ae_title: str
    address: str


@dataclass(frozen=True, slots=True)
class ConditionVerdict:
    """One condition held against a film.

    Attributes
    ----------
    condition
        In the words of the configuration; never a value of the film.
    """

    condition: str
    is_met: bool
    seen: str
    """``absent``, ``another value``, the verdict of the gate, or who called; nothing about the patient."""


@dataclass(frozen=True, slots=True)
class RouteVerdict:
    """One route held against a film: it matches when every condition is met."""

    route: str
    conditions: tuple[ConditionVerdict, ...]

    @property
    def matches(self) -> bool:
        """Whether the film meets all conditions."""
        return all(verdict.is_met for verdict in self.conditions)

    def as_record(self) -> dict[str, object]:
        """Give the verdict as JSON has it."""
        conditions = [
            {"condition": one.condition, "met": one.is_met, "seen": one.seen} for one in self.conditions
        ]
        return {"route": self.route, "matches": self.matches, "conditions": conditions}


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a film.

    Attributes
    ----------
    route
        The route that won; "" when none matched.
    process
        False: stored, and nothing else.
    shadow
        True: analysed, and nothing is sent.
    priority
        Of the job; None where the film's own Requested Procedure Priority decides.
    bundle
        Folder of the model bundle.
    destinations
        Names of those that get the results; none of a film that is not processed or only shadowed.
    for_all
        Whether they are simply all that there are, so that one which comes later may have them too.
    verdicts
        Every route up to the one that won.
    """

    route: str
    process: bool
    shadow: bool
    priority: int | None
    bundle: Path
    destinations: tuple[str, ...]
    verdicts: tuple[RouteVerdict, ...] = ()
    for_all: bool = False

    def as_record(self) -> Mapping[str, object]:
        """Give the decision as the ledger keeps it, JSON-able."""
        return {
            "route": self.route or None,
            "process": self.process,
            "shadow": self.shadow,
            "priority": self.priority,
            "bundle": str(self.bundle),
            "destinations": list(self.destinations),
            "for_all": self.for_all,
            "verdicts": [verdict.as_record() for verdict in self.verdicts],
        }
