"""Stands around the service and bounds what its clients can hold open."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from node.log import EventLog
from node.web import answers
from node.web.faults import ClientTooSlow

_HEADERS = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"private, no-cache")]

_ABORT = "neolung.abort"

Outcome = TypeVar("Outcome")

_log = EventLog("web")


class Guard:
    """Outermost layer of the service.

    Parameters
    ----------
    max_requests
        Answered at one time; further ones get 503 at once.
    timeout_s
        Longest wait for the next bytes of a body, or until a client has taken the last ones.
    """

    def __init__(self, app: ASGIApp, max_requests: int, timeout_s: float) -> None:
        self._app = app
        self._max_requests = max_requests
        self._timeout_s = timeout_s
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; an exception that leaves here closes the connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, self._timeout_s)
        self._open += 1
        try:
            app = self._app if self._open <= self._max_requests else _refuse
            await app(scope, exchange.receive, exchange.send)
        finally:
            self._open -= 1
            exchange.report()


def with_abort(app: ASGIApp, abort: Callable[[], None]) -> ASGIApp:
    """Tell the application how to cut a connection off, with what its client has not taken yet."""

    async def aborting(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, _ABORT: abort}, receive, send)

    return aborting


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    headers = {"Retry-After": "5", "Connection": "close"}
    await answers.text(503, "Too many requests are being answered.", headers)(scope, receive, send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, timeout_s: float) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._timeout_s = timeout_s
        self._status = 0
        self._has_body = False
        self._started = time.perf_counter()

    async def receive(self) -> Message:
        """Give the next piece of the body, if it comes in time."""
        if self._has_body:
            # What is waited for from now on is only that the client is gone.
            return await self._receive()
        message = await self._in_time(self._receive())
        self._has_body = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Hand a piece of the answer over, if the client takes it in time."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        try:
            await self._in_time(self._send(message))
        except ClientTooSlow:
            # Closing would wait until the client has taken what lies ready for it.
            self._scope.get(_ABORT, _nothing)()
            raise

    def report(self) -> None:
        """Write one line; the query, which holds patient data, is left out."""
        client = self._scope.get("client") or ("",)
        _log.debug(
            "request answered",
            method=self._scope["method"],
            path=self._scope["path"],
            status=self._status,
            address=client[0],
            seconds=time.perf_counter() - self._started,
        )

    async def _in_time(self, what: Awaitable[Outcome]) -> Outcome:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await what
        except TimeoutError as error:
            raise ClientTooSlow from error


def _nothing() -> None:
    """Stand in for the means of a server that has none."""
