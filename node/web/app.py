"""The ASGI application: routes to the services, and what stands in front of them."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from node.config.web import WebConfig
from node.errors import WebRefused
from node.web.answers import text
from node.web.capabilities import answer_capabilities
from node.web.faults import answer_fault
from node.web.guard import Guard
from node.web.inquiry import ROOT, Inquiry, make_inquiry
from node.web.recorded import Recorded
from node.web.resources import STORES, TRANSACTIONS, Answer, Event, Services, Transaction
from node.web.visitors import Authenticator, Right
from node.web.witness import Witness

Endpoint = Callable[[Request], Awaitable[ASGIApp]]

_ALLOWED_HEADERS = ["Accept", "Authorization", "Content-Type", "Range"]
_EXPOSED_HEADERS = ["Content-Location", "Content-Range", "Warning", "WWW-Authenticate"]


def make_app(
    services: Services, authenticator: Authenticator, witness: Witness, config: WebConfig
) -> ASGIApp:
    """Put the service together."""
    door = _Door(authenticator, witness, config)
    methods: dict[str, dict[str, Endpoint]] = {"": {}, "/": {}}
    for entry in TRANSACTIONS:
        endpoint = door.read(entry, entry.answer(services))
        methods[entry.path] = {"GET": endpoint, "HEAD": endpoint}
    for path in STORES:
        methods[path]["POST"] = door.store(services.store.store)
    routes = [_route(path, {**known, "OPTIONS": door.capabilities}) for path, known in methods.items()]
    router = Router(routes, default=_no_resource, redirect_slashes=False)
    app: ASGIApp = ExceptionMiddleware(router, handlers={Exception: answer_fault})
    if config.origins:
        # Outside of the faults: a page may read those too.
        app = CORSMiddleware(
            app,
            allow_origins=list(config.origins),
            allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        )
    return Guard(app, config.max_requests, config.timeout_s)


def _route(path: str, endpoints: Mapping[str, Endpoint]) -> Route:
    async def endpoint(request: Request) -> ASGIApp:
        return await endpoints[request.method](request)

    return Route(ROOT + path, endpoint, methods=sorted(endpoints))


class _Door:
    """Makes endpoints: who calls, may they, what do they ask, and only then the service."""

    def __init__(self, authenticator: Authenticator, witness: Witness, config: WebConfig) -> None:
        self._authenticator = authenticator
        self._witness = witness
        self._config = config

    def read(self, entry: Transaction, answer: Answer) -> Endpoint:
        """Make an endpoint that works in a thread of its own; whatever comes of it is recorded."""

        def answered(request: Request) -> ASGIApp:
            inquiry = self._admit(request, "read")
            is_head = request.method == "HEAD"
            record = partial(self._record, "access" if is_head else entry.event, inquiry)
            try:
                response = answer(inquiry)
            except Exception as error:
                record(f"status {error.status}" if isinstance(error, WebRefused) else "failure of the node")
                raise
            return Recorded(_head_of(response) if is_head else response, record)

        async def endpoint(request: Request) -> ASGIApp:
            return await run_in_threadpool(answered, request)

        return endpoint

    def store(self, answer: Callable[[Request, Inquiry], Awaitable[Response]]) -> Endpoint:
        """Make an endpoint that reads the body while it comes in."""

        async def endpoint(request: Request) -> Response:
            inquiry = await run_in_threadpool(self._admit, request, "store")
            return await answer(request, inquiry)

        return endpoint

    async def capabilities(self, request: Request) -> Response:
        """Answer OPTIONS."""
        inquiry = await run_in_threadpool(self._admit, request, None)
        return answer_capabilities(inquiry, self._config.services)

    def _record(self, event: Event, inquiry: Inquiry, failure: str) -> None:
        if event == "search":
            self._witness.searched(inquiry, failure=failure)
        elif event == "transfer":
            self._witness.retrieved(inquiry, failure=failure)
        else:
            self._witness.looked_at(inquiry, failure=failure)

    def _admit(self, request: Request, right: Right | None) -> Inquiry:
        address = request.client.host if request.client else ""
        try:
            visitor = self._authenticator.admit(request.headers, address)
            if right is not None:
                visitor.require(right)
        except WebRefused as refusal:
            self._witness.refused(address, str(refusal))
            raise
        return make_inquiry(request, visitor, self._config.url)


def _head_of(response: Response) -> Response:
    head = Response(status_code=response.status_code, headers=dict(response.headers))
    if "content-length" not in response.headers:
        del head.headers["content-length"]
    return head


async def _no_resource(scope: Scope, receive: Receive, send: Send) -> None:
    await text(404, "There is no such resource; OPTIONS lists what there is.")(scope, receive, send)
