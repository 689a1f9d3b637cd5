"""The best that is known of a radiograph: whose outline of the lungs, which label, what the machine said."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from storage.analyses import latest_analysis
from storage.instances import results_of
from storage.values import AnalysisRecord, Role, StoredInstance

JUDGED = ("present", "absent")
"""Outcomes that say something of the finding."""


class Drawn(StrEnum):
    """Who drew an outline; what a person drew goes before the machine's."""

    HUMAN = "human"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Outline:
    """A Segmentation of a radiograph."""

    instance: StoredInstance
    drawn: Drawn


@dataclass(frozen=True, slots=True)
class Truth:
    """Of one radiograph.

    Attributes
    ----------
    outline
        The Segmentation to learn from.
    rds
        What a person said; never the machine's own opinion.
    analysis
        The machine's newest opinion, for comparison only.
    """

    outline: Outline | None
    rds: bool | None
    analysis: AnalysisRecord | None

    @property
    def is_judged(self) -> bool:
        """Whether the machine came to a finding."""
        return self.analysis is not None and self.analysis.outcome in JUDGED

    @property
    def is_annotated(self) -> bool:
        """Whether a person drew or said something."""
        return self.rds is not None or (self.outline is not None and self.outline.drawn is Drawn.HUMAN)


def truth_of(connection: Connection, film: StoredInstance) -> Truth:
    """Gather what is known of a radiograph."""
    analysis = latest_analysis(connection, film.instance_id)
    return Truth(outline=_best(_outlines(connection, film)), rds=None, analysis=analysis)


def _outlines(connection: Connection, film: StoredInstance) -> list[Outline]:
    """Give the outlines of a radiograph, oldest first; none of a person is kept in the ledger yet."""
    results = results_of(connection, film.instance_id)
    return [Outline(one, Drawn.MACHINE) for one in results if one.role is Role.SEGMENTATION]


def _best(outlines: list[Outline]) -> Outline | None:
    """Choose the newest of a person, else the newest of the machine."""
    newest_first = outlines[::-1]
    human = next((one for one in newest_first if one.drawn is Drawn.HUMAN), None)
    return human or next(iter(newest_first), None)
