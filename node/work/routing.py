"""Which result object goes to which destination."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from node.config.schema import Config, DestinationConfig
from node.work.values import FilmResult, ResultInstance
from storage.values import JobKind, NewJob, Role

if TYPE_CHECKING:
    from pipeline.results import Charset

_SENT_AS = {Role.SEGMENTATION: "seg", Role.REPORT: "sr"}
_TURNED_AWAY = "not eligible"


class Routes:
    """The destinations of results, as configured."""

    def __init__(self, config: Config) -> None:
        self._destinations: Sequence[DestinationConfig] = config.destinations
        self._send_not_eligible = config.results.send_not_eligible

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all destinations."""
        return tuple(destination.name for destination in self._destinations)

    @property
    def charsets(self) -> "tuple[Charset, ...]":
        """Character sets that some destination wants; Unicode where there is no destination."""
        return tuple(sorted({destination.charset for destination in self._destinations})) or ("utf-8",)

    def jobs(
        self, result: FilmResult, made: ResultInstance, instance_id: int, priority: int
    ) -> Iterator[NewJob]:
        """Give the DELIVER jobs of one result object.

        Parameters
        ----------
        instance_id
            The object's row in the ledger.
        priority
            Of the film's own job: what is urgent stays urgent.
        """
        if result.record.outcome == _TURNED_AWAY and not self._send_not_eligible:
            return
        for destination in self._destinations:
            if destination.name not in result.decision.destinations:
                continue
            if _SENT_AS[made.role] in destination.send and made.charset == destination.charset:
                yield NewJob(
                    kind=JobKind.DELIVER,
                    key=str(made.attributes["SOPInstanceUID"]),
                    instance_id=instance_id,
                    destination=destination.name,
                    priority=priority,
                    max_attempts=destination.retry.max_attempts,
                )
