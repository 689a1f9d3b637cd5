"""The HTTP server: uvicorn in a thread of its own, on a port that this process opened."""

import asyncio
import logging
import socket
import ssl
import threading
from errno import EACCES, EADDRINUSE
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from node.config.web import WebConfig
from node.errors import ListenFailed
from node.log import EventLog
from node.web.guard import with_abort

_CONNECTIONS_PER_REQUEST = 8
"""Browsers hold six connections open, of which most are idle."""
_BACKLOG = 128
_START_S = 10.0
_IDLE_S = 15

_log = EventLog("web")


class WebServer:
    """The service on its port.

    Attributes
    ----------
    port
        The port that is open; with a configured port of 0 the one that the system chose. 0 before the start.
    """

    def __init__(self, app: ASGIApp, config: WebConfig, tls: ssl.SSLContext | None, drain_s: float) -> None:
        self._config = config
        self._drain_s = drain_s
        self.port = 0
        settings = uvicorn.Config(
            app,
            http=_patient_protocol(config.timeout_s),
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=config.max_requests * _CONNECTIONS_PER_REQUEST,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=max(1, round(drain_s)),
            ssl_context_factory=(lambda _config, _default: tls) if tls is not None else None,
        )
        self._server = uvicorn.Server(settings)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the port and answer requests.

        Raises
        ------
        ListenFailed
            If the port cannot be opened.
        """
        silence_uvicorn()
        listener = _listen(self._config)
        self.port = listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listener,), name="web", daemon=True)
        self._thread.start()
        _log.info("listening", address=self._config.listen, port=self.port, tls=self._config.tls)

    @property
    def connections(self) -> int:
        """Count the connections that are open."""
        return len(self._server.server_state.connections)

    def is_alive(self) -> bool:
        """Whether requests are answered."""
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Accept nothing new, let open requests end within the time to drain, break off the rest."""
        if self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(self._drain_s + _START_S)
        self._thread = None
        _log.info("stopped", port=self.port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, listener: socket.socket) -> None:
        # In a thread, where uvicorn leaves the signals to this process.
        asyncio.run(self._server.serve([listener]))


def silence_uvicorn() -> None:
    """Keep uvicorn from writing tracebacks, whose messages may quote patient data."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers[:] = [logging.NullHandler()]
        library.propagate = False
        library.setLevel(logging.CRITICAL + 1)


def _listen(config: WebConfig) -> socket.socket:
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            config.listen, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, number)
    except OSError as error:
        raise ListenFailed(f"cannot listen on {config.listen}: {error.strerror}; set web.listen") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenFailed(
            f"cannot listen on {config.listen}, port {config.port}: {error.strerror}; {_cure(error)}"
        ) from error
    return listener


def _cure(error: OSError) -> str:
    if error.errno == EADDRINUSE:
        return "is another node running? Set web.port"
    if error.errno == EACCES:
        return "ports below 1024 need a privilege. Set web.port"
    return "set web.listen to an address of this machine"


def _patient_protocol(timeout_s: float) -> type[H11Protocol]:
    """Give uvicorn's protocol with a limit to its patience: a request's head must come in time."""

    class TimedProtocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.app = with_abort(self.app, transport.abort)
            self.loop.call_later(timeout_s, self._give_up, None)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self.cycle.response_complete:
                self.loop.call_later(timeout_s + _IDLE_S, self._give_up, self.cycle)

        def _give_up(self, last: object) -> None:
            """Close the connection when no request has begun since the last one."""
            is_idle = self.cycle is None or self.cycle.response_complete
            if self.cycle is last and is_idle and not self.transport.is_closing():
                self.transport.abort()

    return TimedProtocol
