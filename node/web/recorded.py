"""An answer that is recorded when it is over: only its last byte tells what came of it."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BROKEN_OFF = "broken off before its end"


class Recorded:
    """Sends an answer, and says then whether all of it was taken.

    Parameters
    ----------
    record
        Called once, in a thread, with why it failed; empty for an answer that the client took to its end.
    """

    def __init__(self, answer: ASGIApp, record: Callable[[str], None]) -> None:
        self._answer = answer
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        failure = BROKEN_OFF

        async def watched(message: Message) -> None:
            nonlocal failure
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                failure = ""

        try:
            await self._answer(scope, receive, watched)
        finally:
            await run_in_threadpool(self._record, failure)
