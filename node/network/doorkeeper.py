"""The TLS handshake of accepted connections, and what is said of those that do not come through it."""

import socket
import ssl
from collections.abc import Callable

from node.errors import TlsUnusable
from node.log import EventLog
from node.network.tls import RenewedContext, shake_hands
from node.tls_trouble import in_short

Alarm = Callable[[str, str], None]
"""Takes the address of a peer that was turned away, and the reason."""

_log = EventLog("network")


class TlsDoorkeeper:
    """Lets in who shows the right certificate.

    Parameters
    ----------
    timeout_s
        Longest time for one handshake, seconds.
    alarm
        Told of each peer that tried and failed; not of a connection that only looks whether somebody listens.
    """

    def __init__(self, contexts: RenewedContext, timeout_s: float, alarm: Alarm) -> None:
        self._contexts = contexts
        self._timeout_s = timeout_s
        self._alarm = alarm

    def __call__(self, connection: socket.socket, address: str) -> ssl.SSLSocket | None:
        """Make the handshake; None when the peer is not let in, its connection then being closed."""
        try:
            context = self._contexts.current()
            secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        except (OSError, TlsUnusable):
            connection.close()
            return None
        try:
            shake_hands(secured, self._timeout_s)
        except OSError as error:
            secured.close()
            self._report(error, address)
            return None
        return secured

    def _report(self, error: OSError, address: str) -> None:
        if isinstance(error, ssl.SSLEOFError | ConnectionError) or error.errno == ssl.SSL_ERROR_EOF:
            _log.debug("connection closed before TLS began", address=address)
            return
        reason = in_short(error)
        _log.warning("TLS connection refused", reason=reason, address=address)
        self._alarm(address, reason)
