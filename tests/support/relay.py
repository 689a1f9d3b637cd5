"""A TCP relay in front of a real peer that spoils the connection as a test tells it to.

>>> with Relay(pacs.port, Spoil.RESET, after=100_000) as relay:
...     ...  # the connection breaks once so many bytes have gone to the peer
"""

import socket
import struct
import threading
from contextlib import suppress
from enum import Enum
from typing import Self


class Spoil(Enum):
    """What happens to a connection."""

    STOP_READING = "nothing more is read from the requestor, whose buffers fill up"
    SILENCE = "everything is read, and nothing comes back any more: a half-open connection"
    CLOSE = "both connections are closed"
    RESET = "the requestor gets a TCP reset"
    GARBAGE = "the requestor gets bytes that are no PDU"
    TRICKLE = "what comes back comes slowly, a few bytes at a time"


class Relay:
    """Listens on a free port and passes connections on until they are spoiled.

    Parameters
    ----------
    after
        Bytes from the requestor that still reach the peer; those of the association request are about 400.
    """

    def __init__(self, target: int, spoil: Spoil, *, after: int = 0) -> None:
        self._target = target
        self._spoil = spoil
        self._after = after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self._spoiled = threading.Event()
        self._ended = threading.Event()
        self._sockets: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_details: object) -> None:
        self._ended.set()
        _hang_up(self._listener)
        self._accepting.join(10)
        for connection in self._sockets:
            _hang_up(connection)

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._ended.is_set():
                requestor, _ = self._listener.accept()
                self.connections += 1
                acceptor = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [requestor, acceptor]
                threading.Thread(target=self._forth, args=(requestor, acceptor), daemon=True).start()
                threading.Thread(target=self._back, args=(requestor, acceptor), daemon=True).start()

    def _forth(self, requestor: socket.socket, acceptor: socket.socket) -> None:
        passed = 0
        with suppress(OSError):
            while piece := requestor.recv(4096):
                passed += len(piece)
                if passed > self._after and self._spoil is not Spoil.TRICKLE:
                    self._spoil_it(requestor, acceptor)
                    return
                acceptor.sendall(piece)
        with suppress(OSError):
            acceptor.shutdown(socket.SHUT_WR)

    def _spoil_it(self, requestor: socket.socket, acceptor: socket.socket) -> None:
        self._spoiled.set()
        match self._spoil:
            case Spoil.SILENCE:
                while requestor.recv(65536):
                    pass
            case Spoil.CLOSE:
                _hang_up(requestor)
                _hang_up(acceptor)
            case Spoil.RESET:
                requestor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                requestor.close()
            case Spoil.GARBAGE:
                requestor.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                while requestor.recv(65536):
                    pass

    def _back(self, requestor: socket.socket, acceptor: socket.socket) -> None:
        with suppress(OSError):
            while piece := acceptor.recv(4096):
                if self._spoiled.is_set():
                    return
                step = 16 if self._spoil is Spoil.TRICKLE else len(piece)
                for start in range(0, len(piece), step):
                    requestor.sendall(piece[start : start + step])
                    if self._spoil is Spoil.TRICKLE:
                        self._ended.wait(0.01)


def _hang_up(connection: socket.socket) -> None:
    """Close a socket; closing alone does not wake whoever waits in recv, here or at the other end."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
