"""The listening socket, bounded against connections that never ask for an association."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from socketserver import BaseServer
from typing import Any

from pynetdicom.transport import ThreadedAssociationServer

from node.log import EventLog

Secure = Callable[[socket.socket, str], ssl.SSLSocket | None]
"""Takes an accepted connection and the address of its other end."""

_BACKLOG = 128
_POLL_S = 0.02

_log = EventLog("network")


class AssociationServer(ThreadedAssociationServer):
    """Accepts connections and gives each to an association in a thread of its own.

    Parameters
    ----------
    secure
        Makes the TLS handshake, in the thread of the connection; gives None when the peer is not let in.
    options
        As pynetdicom takes them.
    """

    request_queue_size = _BACKLOG
    daemon_threads = True

    def __init__(self, *options: Any, secure: Secure | None = None, **more_options: Any) -> None:
        self._secure = secure
        self._arriving = 0
        self._lock = threading.Lock()
        super().__init__(*options, **more_options)

    def verify_request(self, _request: Any, _client_address: Any) -> bool:
        """Close a connection at once when far more than enough are open."""
        return self._arriving + len(self.active_associations) < self.ae.maximum_associations

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hand a connection to a thread: whatever it waits for, the others do not."""
        self._count(1)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Begin the association, after the TLS handshake where there is one."""
        try:
            connection = request if self._secure is None else self._secure(request, client_address[0])
            if connection is not None:
                super().finish_request(connection, client_address)
        finally:
            self._count(-1)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Say that a connection failed before its association began."""
        _log.warning("connection failed")

    def _count(self, change: int) -> None:
        with self._lock:
            self._arriving += change

    def stop_listening(self) -> None:
        """Close the listening socket; associations go on."""
        BaseServer.shutdown(self)
        self.server_close()

    def let_go_of_silent(self) -> None:
        """Close the connections that have not asked for an association; there is nothing to abort yet."""
        for association in self.active_associations:
            connection = association.dul.socket
            if association.requestor.primitive is None and connection and connection.socket:
                with suppress(OSError):  # it closed in this moment
                    connection.socket.shutdown(socket.SHUT_RDWR)

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
