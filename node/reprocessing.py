"""Judges stored films once more by the active model: what the commands do."""

from dataclasses import dataclass
from datetime import date

from node.config.schema import Config
from node.days import local_midnight
from node.models.choice import active_choice, active_model
from node.operators import operator_name
from storage.events import add_event
from storage.ledger import Ledger
from storage.reprocessing import (
    Selection,
    ask_again,
    count_outdated,
    count_waiting,
    find_outdated,
    stop_asking,
)

_AT_ONCE = 100
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
        chosen = active_choice(config, ledger)
        self._model = active_model(config, ledger)
        others = tuple(route.name for route in config.routes if route.bundle is not None)
        begin, end = local_midnight(since), local_midnight(until, days=1)
        self._selection = Selection(self._model.digest, chosen.at, begin, end, others)

    def standing(self) -> Standing:
        """Count."""
        with self._ledger.read() as connection:
            outdated, waiting = count_outdated(connection, self._selection), count_waiting(connection)
        return Standing(self._model.name, outdated, waiting)

    def start(self, limit: int) -> int:
        """Put films into the queue behind all others, the newest first; give their number."""
        asked, before = 0, None
        while asked < limit:
            most = min(_AT_ONCE, limit - asked)
            # Found without the lock on the ledger, and looked at again under it.
            with self._ledger.read() as connection:
                films = find_outdated(connection, self._selection, before=before, limit=most)
            if not films:
                break
            with self._ledger.begin() as connection:
                asked += ask_again(connection, self._selection, films, max_attempts=self._attempts)
            before = films[-1]
        if asked:
            with self._ledger.begin() as connection:
                detail = f"{asked} films, by {operator_name()}"
                add_event(connection, "reprocessing", subject=self._model.digest, detail=detail)
        return asked

    def stop(self) -> int:
        """Take the films that still wait out of the queue; give their number."""
        with self._ledger.begin() as connection:
            stopped = stop_asking(connection)
            detail = f"{stopped} films, by {operator_name()}"
            add_event(connection, "reprocessing stopped", subject=self._model.digest, detail=detail)
        return stopped
