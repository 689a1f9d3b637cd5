"""Which radiographs of the ledger an export is about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pipeline.film_classes import RADIOGRAPH_CLASSES
from storage.ledger import Ledger
from storage.sources import Source, sources
from storage.truth import Truth, truth_of

NOT_A_FILM = "no CR or DX image; Secondary Captures may show text"
NOTHING_KNOWN = "neither a finding nor an outline of the lungs"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a person asks for.

    Attributes
    ----------
    since, until
        Bounds of the moment of receipt, UTC; until does not belong to it.
    judged
        Only films with a finding.
    annotated
        Only films of which a person said or drew something.
    """

    since: datetime | None = None
    until: datetime | None = None
    judged: bool = False
    annotated: bool = False

    def takes(self, truth: Truth) -> bool:
        """Whether a film is asked for at all."""
        return (truth.is_judged or not self.judged) and (truth.is_annotated or not self.annotated)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A film that is asked for, with what is known of it."""

    source: Source
    truth: Truth

    @property
    def refusal(self) -> str:
        """Why it is excluded before anybody looks at it; empty when it is not."""
        if self.source.film.sop_class_uid not in RADIOGRAPH_CLASSES:
            return NOT_A_FILM
        if self.truth.outline is None and not self.truth.is_judged and self.truth.rds is None:
            return NOTHING_KNOWN
        return ""


def select(ledger: Ledger, selection: Selection) -> list[Wanted]:
    """Find the films that are asked for, in the order of their arrival."""
    return list(_select(ledger, selection))


def _select(ledger: Ledger, selection: Selection) -> Iterator[Wanted]:
    with ledger.read() as connection:
        for source in sources(connection, since=selection.since, until=selection.until):
            truth = truth_of(connection, source.film)
            if selection.takes(truth):
                yield Wanted(source, truth)
