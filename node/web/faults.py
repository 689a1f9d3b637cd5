"""Every fault as an answer: status, a sentence without patient data, a line in the log where it is ours."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from node.errors import WebRefused
from node.log import EventLog, describe_exception
from node.web import answers
from pipeline.errors import PipelineError
from storage.errors import StorageError, StorageFailed

_log = EventLog("web")


class ClientTooSlow(Exception):
    """A client kept silent for too long in the middle of a request or of an answer."""


def answer_fault(request: Request, error: Exception) -> Response:
    """Answer a request that cannot be answered as asked."""
    status, sentence, headers = _explain(error)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        # What is left of the body is not read, so nothing can follow on this connection.
        headers = {**headers, "Connection": "close"}
    return answers.text(status, sentence, headers)


def _explain(error: Exception) -> tuple[int, str, dict[str, str]]:
    if isinstance(error, WebRefused):
        return error.status, str(error), error.headers
    if isinstance(error, ClientDisconnect | ClientTooSlow):
        return 408, "The request took too long.", {}
    if isinstance(error, StorageFailed):
        _log.error("storage failed", error=str(error))
        return 503, "Disk or ledger refuses at the moment.", {"Retry-After": "30"}
    if isinstance(error, StorageError | PipelineError):
        _log.error("object cannot be given", error=describe_exception(error))
        return 500, "The stored object is damaged; see the log of the node.", {}
    _log.error("request failed", error=describe_exception(error))
    return 500, "Internal error; see the log of the node.", {}
