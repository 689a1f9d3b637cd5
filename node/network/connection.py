"""TCP connections that the node opens, plain or by TLS, each with a reason when it does not come about."""

import socket
import ssl
from collections.abc import Callable
from typing import Any, cast

from pynetdicom import evt
from pynetdicom.transport import AddressInformation, AssociationSocket

from node.certificates import peer_certificate
from node.config.destinations import DestinationConfig
from node.config.tls import TlsConfig
from node.errors import TlsUnusable
from node.network.tls import client_context, shake_hands
from node.tls_trouble import in_short

Opener = Callable[[socket.socket], socket.socket]
"""Makes of a connected socket the one to talk over; raises OSError when the other end is the wrong one."""


def make_opener(destination: DestinationConfig) -> Opener:
    """Make what turns a TCP connection into one that the destination's configuration asks for.

    Raises
    ------
    TlsUnusable
        If it asks for TLS and the files cannot be used.
    """
    if not destination.tls:
        return _leave_plain
    if destination.tls_files is None:
        raise TlsUnusable("tls: true needs the section tls of the configuration")
    files = destination.tls_files
    client_context(files)

    def open_secure(connection: socket.socket) -> ssl.SSLSocket:
        wanted, timeout_s = destination.certificate, destination.connect_timeout_s
        return secure(connection, files, destination.host, wanted=wanted, timeout_s=timeout_s)

    return open_secure


class Connection(AssociationSocket):
    """The socket of an association that the node requests.

    Attributes
    ----------
    failure
        Why the connection did not come about, in words.
    """

    def __init__(self, association: Any, address: AddressInformation, opener: Opener) -> None:
        super().__init__(association, address=address)
        self._opener = opener
        self._raw = cast(socket.socket, self.socket)
        self.failure = ""

    def connect(self, primitive: Any) -> None:
        """Connect, make the TLS handshake where it is asked for, and tell the state machine the outcome."""
        primitive.result = "Evt17"
        try:
            self.socket = self._open(primitive.address_info.as_tuple)
        except OSError as error:
            self.note_failure(error)
            self.discard()
            self.socket = None
        else:
            self._is_connected = True
            self.assoc.requestor.address_info = AddressInformation.from_tuple(self.socket.getsockname())
            evt.trigger(self.assoc, evt.EVT_CONN_OPEN, {"address": primitive.address_info.as_tuple})
            primitive.result = "Evt2"
        finally:
            # Who asked for the association waits for these two without limit.
            self.provider_queue.put(primitive)
            self._ready.set()

    def _open(self, address: Any) -> socket.socket:
        self._raw.settimeout(self.assoc.connection_timeout)
        self._raw.connect(address)
        self._raw = self._opener(self._raw)
        return self._raw

    def note_failure(self, error: OSError) -> None:
        """Keep the reason why the connection failed; in TLS 1.3 a client learns only at its first read."""
        self.failure = f"TLS: {in_short(error)}" if isinstance(error, ssl.SSLError) else in_short(error)

    def discard(self) -> None:
        """Close the socket, whatever became of the association; pynetdicom leaves failed ones open."""
        self._raw.close()


def _leave_plain(connection: socket.socket) -> socket.socket:
    return connection


def secure(
    connection: socket.socket, files: TlsConfig, host: str, *, wanted: str | None, timeout_s: float
) -> ssl.SSLSocket:
    """Make the TLS handshake as client, and make sure that the other end is the right one.

    Parameters
    ----------
    connection
        Connected; it is closed when the handshake fails.
    wanted
        Whose certificate must be shown; None: one for the host.
    timeout_s
        Longest time for the handshake, seconds.

    Raises
    ------
    OSError
        If the handshake fails, or the certificate is that of another.
    TlsUnusable
        If the node's own files cannot be used.
    """
    try:
        context = client_context(files, checks_host=wanted is None)
        secured = context.wrap_socket(connection, do_handshake_on_connect=False, server_hostname=host)
    except (OSError, TlsUnusable):
        connection.close()
        raise
    try:
        shake_hands(secured, timeout_s)
        _check_name(secured, wanted)
    except OSError:
        secured.close()
        raise
    return secured


def _check_name(secured: ssl.SSLSocket, wanted: str | None) -> None:
    shown = peer_certificate(secured)
    if wanted is None or (shown is not None and shown.is_called(wanted)):
        return
    subject = shown.subject if shown else "nobody"
    raise ConnectionError(f"the certificate shown is that of {subject}, not of {wanted}")
