"""A real syslog server over TLS, as an audit repository is one."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.certificates import Authority, Identity


class SyslogServer:
    """A syslog server over TLS that keeps what it gets, and can be told to go away."""

    def __init__(self, hospital: Authority, identity: Identity) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(hospital.file))
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._context.load_cert_chain(identity.certificate, identity.key)
        self.received = b""
        self.port = 0
        self._stopping = threading.Event()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take messages meanwhile, on the same port each time."""
        self._stopping.clear()
        with socket.create_server(("127.0.0.1", self.port)) as listener:
            self.port = listener.getsockname()[1]
            listener.settimeout(0.1)
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            try:
                yield
            finally:
                self._stopping.set()
                thread.join()

    def _serve(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                raw, _ = listener.accept()
            except TimeoutError:
                continue
            # A client that dies in between is part of what is tested.
            with suppress(OSError), raw, self._context.wrap_socket(raw, server_side=True) as connection:
                connection.settimeout(0.1)
                self._receive(connection)

    def _receive(self, connection: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                data = connection.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return
            self.received += data

    @property
    def messages(self) -> list[bytes]:
        """Take the octet-counted frames apart (RFC 5425 4.3)."""
        found, rest = [], self.received
        while rest:
            count, _, rest = rest.partition(b" ")
            if len(rest) < int(count):
                break
            found.append(rest[: int(count)])
            rest = rest[int(count) :]
        return found
