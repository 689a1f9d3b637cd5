"""Judges stored films once more by the active model: what the commands do."""

from dataclasses import dataclass
from datetime import date

from node.config.schema import Config
from node.days import local_midnight
from node.models.choice import active_model
from node.operators import operator_name
from storage.events import add_event
from storage.ledger import Ledger
from storage.reprocessing import Selection, ask_again, count_outdated, count_waiting, stop_asking

_AT_ONCE = 500
"""Films in one transaction, so that nobody waits long for the ledger."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it has come.

    Attributes
    ----------
    outdated
        Films that another model judged last and that do not wait.
    waiting
        Films that wait to be judged once more.
    """

    model: str
    outdated: int
    waiting: int


class Reprocessing:
    """For the person at the keyboard.

    Parameters
    ----------
    since, until
        Days of receipt, local, both included; None: no bound.
    """

    def __init__(
        self, config: Config, ledger: Ledger, since: date | None = None, until: date | None = None
    ) -> None:
        self._ledger = ledger
        self._attempts = config.work.max_attempts
        self._model = active_model(config, ledger)
        others = tuple(route.name for route in config.routes if route.bundle is not None)
        begin, end = local_midnight(since), local_midnight(until, days=1)
        self._selection = Selection(self._model.digest, begin, end, others)

    def standing(self) -> Standing:
        """Count."""
        with self._ledger.read() as connection:
            outdated, waiting = count_outdated(connection, self._selection), count_waiting(connection)
        return Standing(self._model.name, outdated, waiting)

    def start(self, limit: int) -> int:
        """Put films into the queue behind all others, the newest first; give their number."""
        asked = 0
        while asked < limit:
            with self._ledger.begin() as connection:
                most = min(_AT_ONCE, limit - asked)
                part = ask_again(connection, self._selection, limit=most, max_attempts=self._attempts)
                if part:
                    detail = f"{part} films, by {operator_name()}"
                    add_event(connection, "reprocessing", subject=self._model.digest, detail=detail)
            if not part:
                break
            asked += part
        return asked

    def stop(self) -> int:
        """Take the films that still wait out of the queue; give their number."""
        with self._ledger.begin() as connection:
            stopped = stop_asking(connection)
            detail = f"{stopped} films, by {operator_name()}"
            add_event(connection, "reprocessing stopped", subject=self._model.digest, detail=detail)
        return stopped
