"""The listening socket, bounded against connections that never ask for an association."""

import time
from socketserver import BaseServer
from typing import Any

from pynetdicom.transport import ThreadedAssociationServer

from node.log import EventLog

_BACKLOG = 128
_POLL_S = 0.02

_log = EventLog("network")


class AssociationServer(ThreadedAssociationServer):
    """Accepts connections and gives each to an association in a thread of its own."""

    request_queue_size = _BACKLOG
    daemon_threads = True

    def verify_request(self, _request: Any, _client_address: Any) -> bool:
        """Close a connection at once when far more than enough are open."""
        return len(self.active_associations) < self.ae.maximum_associations

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Say that a connection failed before its association began."""
        _log.warning("connection failed")

    def stop_listening(self) -> None:
        """Close the listening socket; associations go on."""
        BaseServer.shutdown(self)
        self.server_close()

    def wait_for_associations(self, seconds: float) -> None:
        """Wait until no association is left, at most so long."""
        deadline = time.monotonic() + seconds
        while self.active_associations and time.monotonic() < deadline:
            time.sleep(_POLL_S)


def end_without_request(event: Any) -> None:
    """Let go of a connection that closed before it asked for an association (handler of EVT_CONN_CLOSE).

    pynetdicom would keep its thread waiting for the request until the ACSE time-out: probes of load balancers
    would pile up.
    """
    if event.assoc.requestor.primitive is None:
        event.assoc.dul.to_user_queue.put(None)
