"""Tells films that a campaign fetches from those that somebody sends: they wait behind all others.

The receiver sees only a C-STORE request. A PACS that names the Move Originator (PS3.7 9.1.1.1) settles it:
nobody else asks for films under this node's titles. Of one that does not, or names itself, the ledger says
which studies are being fetched.
"""

from collections.abc import Callable
from dataclasses import replace

from node.config.schema import Config
from node.routing.values import LOW
from storage.admission import Admission


class FetchedFilms:
    """Knows the titles under which the node asks, and those of the systems that it asks."""

    def __init__(self, config: Config) -> None:
        own = (destination.calling_ae_title for destination in config.destinations)
        self._own = {config.node.ae_title, *(title for title in own if title)}
        self._asked = {destination.ae_title for destination in config.destinations}

    def lower(
        self, admission: Admission, caller: str, originator: str, is_expected: Callable[[], bool]
    ) -> Admission:
        """Give a film that a campaign fetches the lowest priority.

        Parameters
        ----------
        caller
            Calling AE title of the association.
        originator
            Move Originator AE title; empty when the request has none.
        is_expected
            Asks the ledger whether the film's study is being fetched.
        """
        is_named = originator not in ("", caller)
        is_fetched = originator in self._own if is_named else caller in self._asked and is_expected()
        return replace(admission, priority=min(admission.priority, LOW)) if is_fetched else admission
