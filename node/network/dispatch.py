"""Gives requests to services of our own where those of pynetdicom fall short.

pynetdicom's C-MOVE and C-GET decode and encode every object, move over one association with the contexts that
are guessed beforehand, and go on when the requestor is gone. Its association, negotiation and messages stay.
"""

# ruff: noqa: SLF001 - pynetdicom has no public way to serve a request but by its own services

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from node.log import EventLog, describe_exception

_log = EventLog("network")

Service = Callable[[Any, Any, Any], None]
"""Takes association, request primitive and presentation context; sends every response, never raises."""


class Dispatcher:
    """Decides who serves the requests of an association (handler of EVT_CONN_OPEN).

    Parameters
    ----------
    services
        By SOP Class UID and type of the request primitive.
    """

    def __init__(self, services: Mapping[tuple[str, type], Service]) -> None:
        self._services = services

    def __call__(self, event: Any) -> None:
        """Begin to serve an association."""
        association = event.assoc
        association._serve_request = partial(self._serve, association, association._serve_request)

    def _serve(
        self, association: Any, otherwise: Callable[[Any, int], None], request: Any, context_id: int
    ) -> None:
        context = association._accepted_cx.get(context_id)
        service = self._services.get((str(context.abstract_syntax), type(request))) if context else None
        try:
            if service is None or not request.is_valid_request:
                otherwise(request, context_id)
            else:
                _serve_here(association, service, request, context)
        finally:
            # The peer waited for us; that was no silence of its own.
            association.dul._idle_timer.restart()


def _serve_here(association: Any, service: Service, request: Any, context: Any) -> None:
    # As pynetdicom does it around its own services: they may send requests meanwhile.
    association._is_paused = True
    try:
        service(association, request, context)
    except Exception as error:  # noqa: BLE001 - else the thread would die and leave the peer waiting
        _log.error("service failed", error=describe_exception(error))
        association.abort()
    finally:
        association._is_paused = False
        association.dimse.cancel_req.clear()
