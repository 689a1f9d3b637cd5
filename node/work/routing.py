"""Which result object goes to which destination."""

from collections.abc import Iterator, Sequence

from node.config.schema import Config, DestinationConfig
from node.routing.summaries import pause_of, wants_summary
from node.work.values import FilmResult, ResultInstance
from node.work.wishes import Wishes
from storage.summaries import Pause
from storage.values import JUDGED, JobKind, NewJob

_TURNED_AWAY = "not eligible"


class Routes:
    """The destinations of results, as configured."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._destinations: Sequence[DestinationConfig] = config.destinations
        self._wishes = Wishes.of(config)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all destinations."""
        return tuple(destination.name for destination in self._destinations)

    def asks_for_summary(self, result: FilmResult) -> Pause | None:
        """Tell after which pause this film's study is to be summarised; None: not because of this film."""
        is_judged = result.record.outcome in JUDGED
        is_wanted = is_judged and wants_summary(self._config, result.decision.destinations)
        return pause_of(self._config) if is_wanted else None

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
        if result.record.outcome == _TURNED_AWAY and not self._wishes.sends_not_eligible:
            return
        for destination in self._destinations:
            if destination.shadow or destination.name not in result.decision.destinations:
                continue
            if self._wishes.is_wanted(made.form, destination.name):
                yield NewJob(
                    kind=JobKind.DELIVER,
                    key=str(made.attributes["SOPInstanceUID"]),
                    instance_id=instance_id,
                    destination=destination.name,
                    priority=priority,
                    max_attempts=destination.retry.max_attempts,
                )
