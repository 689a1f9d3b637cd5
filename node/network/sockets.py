"""Takes the waiting out of the TCP connections of either side.

Nagle's algorithm on one side together with delayed acknowledgements on the other costs 40 ms a message.
pynetdicom sets no socket options and reads 4096 bytes at a time.
"""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from pynetdicom import _config, evt

from node.network.reactor import mend_pause

# Settings of pynetdicom for the whole process: every association of ours passes through this module. Its own
# handlers log Identifiers, which are patient data, and take time for each PDU.
_config.LOG_HANDLER_LEVEL = "none"
_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False

_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
MAX_READ = 1 << 20
"""Bytes of one PDU: the most that the node can offer to receive. Longer ones are junk or an attack."""

Handler = tuple[Any, Callable[..., Any]]


def socket_handlers() -> list[Handler]:
    """Event handlers that every association needs; bind them as acceptor and as requestor alike."""
    return [
        (evt.EVT_CONN_OPEN, mend_pause),
        (evt.EVT_CONN_OPEN, tune_connection),
        (evt.EVT_DATA_SENT, acknowledge_at_once),
    ]


def tune_connection(event: Any) -> None:
    """Send small messages at once, acknowledge at once, read in large pieces, and never wait for ever."""
    wrapper = event.assoc.dul.socket
    connection = wrapper.socket
    connection.settimeout(event.assoc.network_timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _quick_acknowledgement(connection)
    # pynetdicom closes a socket only where the peer is still there to hear of it.
    wrapper._shutdown_socket = partial(_close, connection)  # noqa: SLF001
    wrapper.recv = partial(_receive, wrapper, connection)


def acknowledge_at_once(event: Any) -> None:
    """Arm quick acknowledgement again: the kernel drops it whenever data was sent."""
    connection = event.assoc.dul.socket.socket
    if connection is not None:
        _quick_acknowledgement(connection)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _receive(wrapper: Any, connection: socket.socket, size: int) -> bytearray:
    try:
        return receive_exactly(connection, size)
    except OSError as error:
        note = getattr(wrapper, "note_failure", None)
        if note is not None:
            note(error)
        raise


def receive_exactly(connection: socket.socket, size: int) -> bytearray:
    """Read ``size`` bytes, fewer when the peer closes the connection.

    Raises
    ------
    OSError
        If the connection breaks, does not give the bytes within about its time-out, or ``size`` is absurd.
    """
    if size > MAX_READ:
        raise OSError(f"a PDU of {size} bytes is announced")
    buffer = bytearray(size)
    view = memoryview(buffer)
    filled = 0
    timeout = connection.gettimeout()
    deadline = float("inf") if timeout is None else time.monotonic() + timeout
    while filled < size:
        if time.monotonic() > deadline:
            raise TimeoutError("the rest of a PDU comes too slowly")
        count = connection.recv_into(view[filled:])
        if count == 0:
            break
        filled += count
    view.release()
    _quick_acknowledgement(connection)
    return buffer if filled == size else buffer[:filled]


def _quick_acknowledgement(connection: socket.socket) -> None:
    if _QUICK_ACK is None:
        return
    try:
        connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
    except OSError:
        # Closed in the meantime, or a platform that has the name but not the option: only slower.
        return
