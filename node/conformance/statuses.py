"""The status codes that the node answers with, and what it makes of those that it gets."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from itertools import groupby

from node.conformance.markdown import sentences, table
from node.network.sender import Verdict, judge_status
from node.network.status import (
    ActionStatus,
    EventStatus,
    FailureReason,
    FindStatus,
    RetrieveStatus,
    StoreStatus,
)

_MEANING = {
    Verdict.DELIVERED: "success; a warning, or a duplicate, is one too",
    Verdict.LATER: "passing failure: the object is sent again after a pause, `destinations[].retry`",
    Verdict.REFUSED: "final failure: a dead letter that an operator looks at",
}


def store() -> str:
    """List the answers to C-STORE."""
    return _table(StoreStatus)


def find() -> str:
    """List the answers to C-FIND."""
    return _table(FindStatus)


def retrieve() -> str:
    """List the answers to C-MOVE and C-GET."""
    return _table(RetrieveStatus)


def event() -> str:
    """List the answers to N-EVENT-REPORT."""
    return _table(EventStatus)


def action() -> str:
    """List the answers to N-ACTION."""
    return _table(ActionStatus)


def failure_reasons() -> str:
    """List the reasons for which an object is not committed to."""
    return _table(FailureReason)


def received() -> str:
    """Tell what the node makes of the status of a C-STORE that it sent."""
    found: dict[Verdict, list[str]] = {}
    for verdict, text in _ranges(range(0x10000)):
        found.setdefault(verdict, []).append(text)
    found[Verdict.LATER] = ["any other; no answer"]
    return table(("status", "what becomes of it"), ((", ".join(found[v]), _MEANING[v]) for v in _MEANING))


def _ranges(statuses: Iterable[int]) -> Iterator[tuple[Verdict, str]]:
    for verdict, group in groupby(statuses, judge_status):
        members = list(group)
        first, last = f"{members[0]:04X}", f"{members[-1]:04X}"
        yield verdict, first if first == last else f"{first} to {last}"


def _table(service: type[IntEnum]) -> str:
    rows = ((f"{status:04X}", _name(status), text) for status, text in sentences(service))
    return table(("status", "name", "when"), rows)


def _name(status: IntEnum) -> str:
    return status.name.replace("_", " ").capitalize().replace("Sop ", "SOP ").replace(" sop ", " SOP ")
