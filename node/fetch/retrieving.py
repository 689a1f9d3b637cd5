"""Retrieves what is missing of a study, portion by portion, and believes only the ledger about what came."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from pydicom import Dataset

from node.config.destinations import DestinationConfig
from node.fetch.listing import RemoteInstance, StudyListing
from node.fetch.pace import Pace
from node.network.contexts import IMAGE_CLASSES
from node.network.pull_scu import Getter, Watch, move
from node.processes.lifetime import Drain
from storage.campaign_studies import expect_study, known_uids
from storage.ledger import Ledger

_MOST_AT_ONCE = 50
"""Objects of one request: a list of their UIDs fits into any PACS's buffers."""
_EXPECTED = timedelta(minutes=10)
"""How long after a sign of life objects of a study may still come in."""
_SIGN_S = 60.0


Pull = Callable[[Dataset, Sequence[str], Watch], int]
"""Has a PACS send what an Identifier names, of some SOP Classes; gives how many sub-operations failed."""


def pull_by_move(destination: DestinationConfig, node_ae_title: str) -> Pull:
    """Retrieve by C-MOVE to the node's own receiver."""

    def pull(identifier: Dataset, _sop_classes: Sequence[str], watch: Watch) -> int:
        return move(destination, node_ae_title, identifier, watch).failed

    return pull


def pull_by_get(getter: Getter, ring: Callable[[], None]) -> Pull:
    """Retrieve by C-GET; the worker is told after each portion."""

    def pull(identifier: Dataset, sop_classes: Sequence[str], watch: Watch) -> int:
        try:
            return getter.get(identifier, sop_classes, watch).failed
        finally:
            ring()

    return pull


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of a study.

    Attributes
    ----------
    missing
        Instances that were asked for and did not come.
    failed
        Sub-operations that failed, by the PACS's account.
    """

    fetched: int
    missing: int
    failed: int


@dataclass(frozen=True, slots=True)
class Retriever:
    """Retrieves studies; shared by the threads of one campaign."""

    pull: Pull
    ledger: Ledger
    pace: Pace
    drain: Drain

    def fetch(self, listing: StudyListing, study_row: int) -> Arrived:
        """Retrieve what is missing of one study.

        Raises
        ------
        AssociationRefused, FetchFailed
            As `move` and `Getter.get` do; what came before that stays.
        """
        fetched, failed = 0, 0
        for portion in _portions(listing):
            self.pace.wait_for(len(portion))
            if self.drain.requested:
                break
            watch = _Watch(self.ledger, study_row, self.drain)
            failed += self.pull(_identifier(listing, portion), _classes(portion), watch)
            fetched += self._count([each.sop_instance_uid for each in portion])
        return Arrived(fetched, len(listing.missing_uids) - fetched, failed)

    def _count(self, sop_instance_uids: Sequence[str]) -> int:
        with self.ledger.read() as connection:
            return len(known_uids(connection, sop_instance_uids))


class _Watch:
    """Looks up after each response: keeps the study expected, and asks to cancel at the wish to stop."""

    def __init__(self, ledger: Ledger, study_row: int, drain: Drain) -> None:
        self._ledger = ledger
        self._study_row = study_row
        self._drain = drain
        self._said_at = 0.0
        self._say()

    def __call__(self) -> bool:
        if monotonic() - self._said_at > _SIGN_S:
            self._say()
        return self._drain.requested

    def _say(self) -> None:
        with self._ledger.begin() as connection:
            expect_study(connection, self._study_row, _EXPECTED)
        self._said_at = monotonic()


def _portions(listing: StudyListing) -> Iterator[Sequence[RemoteInstance]]:
    for series in listing.missing.values():
        for start in range(0, len(series), _MOST_AT_ONCE):
            yield series[start : start + _MOST_AT_ONCE]


def _identifier(listing: StudyListing, portion: Sequence[RemoteInstance]) -> Dataset:
    """Name the instances one by one: nothing comes twice, and nothing that does not fit."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "IMAGE"
    identifier.StudyInstanceUID = listing.study_instance_uid
    identifier.SeriesInstanceUID = portion[0].series_instance_uid
    identifier.SOPInstanceUID = [each.sop_instance_uid for each in portion]
    return identifier


def _classes(portion: Sequence[RemoteInstance]) -> list[str]:
    """Give the SOP Classes to be proposed; all images where the PACS did not say."""
    classes = {each.sop_class_uid for each in portion}
    return sorted(map(str, IMAGE_CLASSES)) if "" in classes else sorted(classes)
