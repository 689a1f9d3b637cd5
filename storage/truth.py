"""The best that is known of a radiograph: whose outline of the lungs, which label, what the machine said."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from storage.analyses import latest_analysis
from storage.annotations import FilmAnnotation, annotations_of
from storage.instances import get_instance, results_of
from storage.values import JUDGED, AnalysisRecord, Role, StoredInstance


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
    rds, grade
        What a person said last, whichever came in last; never the machine's own opinion.
    analysis
        The machine's newest opinion, for comparison only.
    """

    outline: Outline | None
    rds: bool | None
    analysis: AnalysisRecord | None
    grade: int | None = None

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
    said = annotations_of(connection, [film.sop_instance_uid]).get(film.sop_instance_uid, [])
    finding = next((one for one in reversed(said) if one.rds is not None), None)
    return Truth(
        outline=_best([*_drawn(connection, said), *_found(connection, film)]),
        rds=finding.rds if finding else None,
        analysis=latest_analysis(connection, film.instance_id),
        grade=finding.grade if finding else None,
    )


def _drawn(connection: Connection, said: Sequence[FilmAnnotation]) -> list[Outline]:
    """Give the outlines that people drew, in the order of what was said."""
    objects = [one.object_instance_id for one in said if one.has_lungs]
    return [Outline(get_instance(connection, one), Drawn.HUMAN) for one in objects if one is not None]


def _found(connection: Connection, film: StoredInstance) -> list[Outline]:
    """Give the outlines that this node found, oldest first."""
    results = results_of(connection, film.instance_id)
    return [Outline(one, Drawn.MACHINE) for one in results if one.role is Role.SEGMENTATION]


def _best(outlines: list[Outline]) -> Outline | None:
    """Choose the newest of a person, else the newest of the machine."""
    newest_first = outlines[::-1]
    human = next((one for one in newest_first if one.drawn is Drawn.HUMAN), None)
    return human or next(iter(newest_first), None)
