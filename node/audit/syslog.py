"""Audit messages as syslog (RFC 5424), over TLS (RFC 5425) or UDP (RFC 5426), as PS3.15 A.6 and A.7 ask."""

import fcntl
import re
import socket
import struct
import termios
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from node.config.audit import SyslogConfig
from node.errors import AuditFailed, TlsUnusable
from node.tls_trouble import in_short

_PRIORITY = 85
"""Facility 10, security and authorisation; severity 5, notice (PS3.15 A.6)."""
_MESSAGE_ID = "DICOM+RFC3881"
_BOM = b"\xef\xbb\xbf"
_AT = re.compile(rb'EventDateTime="([^"]+)"')
_LARGEST_DATAGRAM = 65507
_LOOK_S = 0.02


def frame(message: bytes, host: str) -> bytes:
    """Put the syslog header before a message.

    Parameters
    ----------
    host
        Name of this machine.
    """
    found = _AT.search(message)
    at = found[1].decode("ascii", "replace") if found else "-"
    name = re.sub(r"[^!-~]", "-", host)[:255] or "-"
    header = f"<{_PRIORITY}>1 {at} {name} neolung - {_MESSAGE_ID} - "
    return header.encode("ascii", "replace") + _BOM + message


Connect = Callable[[], socket.socket]
"""Opens a connection by TLS; raises OSError or TlsUnusable."""


class Transport(Protocol):
    """A way to the audit repository."""

    def send(self, messages: Sequence[bytes]) -> None:
        """Send framed messages; returns when the other machine has them, as far as that can be known.

        Raises
        ------
        AuditFailed
            If it cannot be reached; the messages may have to be sent again.
        """
        ...

    def close(self) -> None:
        """End the connection."""


class TlsTransport:
    """Syslog over TLS: each message after the count of its octets (RFC 5425 4.3)."""

    def __init__(self, config: SyslogConfig, connect: Connect) -> None:
        self._config = config
        self._connect = connect
        self._connection: socket.socket | None = None

    def send(self, messages: Sequence[bytes]) -> None:
        """Send messages and wait until the other machine has acknowledged every byte."""
        try:
            connection = self._connection = self._connection or self._connect()
            connection.sendall(b"".join(b"%d %s" % (len(message), message) for message in messages))
            _wait_for_acknowledgement(connection, self._config.timeout_s)
        except (OSError, TlsUnusable) as error:
            self.close()
            reason = in_short(error) if isinstance(error, OSError) else str(error)
            raise AuditFailed(f"{self._config.host}:{self._config.port}: {reason}") from error

    def close(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class UdpTransport:
    """Syslog over UDP: a datagram a message, and no sign whether it arrives."""

    def __init__(self, config: SyslogConfig) -> None:
        self._config = config

    def send(self, messages: Sequence[bytes]) -> None:
        """Send messages; what is larger than a datagram is cut, as RFC 5426 3.2 says."""
        address = (str(self._config.host), self._config.port)
        try:
            family = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0][0]
            with socket.socket(family, socket.SOCK_DGRAM) as connection:
                for message in messages:
                    connection.sendto(message[:_LARGEST_DATAGRAM], address)
        except OSError as error:
            raise AuditFailed(f"{address[0]}:{address[1]}: {in_short(error)}") from error

    def close(self) -> None:
        """Nothing is open."""


def make_transport(config: SyslogConfig, connect: Connect) -> Transport:
    """Make the transport that the configuration asks for.

    Parameters
    ----------
    connect
        For TLS.
    """
    return UdpTransport(config) if config.transport == "udp" else TlsTransport(config, connect)


def _wait_for_acknowledgement(connection: socket.socket, seconds: float) -> None:
    """Wait until nothing is left to be acknowledged: syslog over TLS itself has no answers.

    Raises
    ------
    OSError
        If the other end closes the connection, or takes too long.
    """
    deadline = time.monotonic() + seconds
    while _unacknowledged(connection):
        if time.monotonic() > deadline:
            raise TimeoutError(f"messages not taken within {seconds:g} s")
        time.sleep(_LOOK_S)
    _look_for_end(connection)


def _unacknowledged(connection: socket.socket) -> int:
    """Count the bytes that the other machine has not acknowledged (SIOCOUTQ)."""
    count: int = struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]
    return count


def _look_for_end(connection: socket.socket) -> None:
    """Notice a connection that the other end has closed; it has nothing else to say."""
    connection.setblocking(False)
    try:
        if connection.recv(1) == b"":
            raise ConnectionResetError("connection closed by the audit repository")
    except (BlockingIOError, OSError) as error:
        if not _is_silence(error):
            raise
    finally:
        connection.settimeout(None)


def _is_silence(error: OSError) -> bool:
    import ssl

    return isinstance(error, BlockingIOError | ssl.SSLWantReadError)
