"""The sub-operations of a C-MOVE, on associations with the move destination (PS3.4 C.4.2).

They run in a thread of their own: a slow destination must not leave the requestor without a word.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic

from node.errors import AssociationRefused
from node.log import EventLog, describe_exception
from node.network.outgoing import in_associations, make_contexts, outgoing_object
from node.network.responder import Responder
from node.network.sender import MoveOriginator, Sender, SendResult, StoreAssociation, Verdict
from node.network.suboperations import Tally, send_stored
from storage.objects import ObjectStore
from storage.values import StoredInstance

SIGN_OF_LIFE_S = 5.0
"""Longest time without a response to the requestor."""
_LOOK_S = 0.1
_MOST_FRUITLESS = 2
"""Associations in a row that ended early with nothing stored; then the destination is given up."""

_log = EventLog("retrieve")


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be moved where, for whom."""

    sender: Sender
    objects: ObjectStore
    found: Sequence[StoredInstance]
    originator: MoveOriginator


def move(job: Move, tally: Tally, responder: Responder) -> None:
    """Have every object moved, and tell the requestor how far it is, until it cancels or is gone."""
    results: SimpleQueue[SendResult | None] = SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_pump, args=(job, stop, results), name="move", daemon=True).start()
    told_at = float("-inf")
    while True:
        if responder.is_cancelled or not responder.is_alive:
            stop.set()
        elif monotonic() - told_at >= SIGN_OF_LIFE_S:
            responder.pending(tally)
            told_at = monotonic()
        try:
            result = results.get(timeout=_LOOK_S)
        except Empty:
            continue
        if result is None:
            return
        tally.note(result)
        told_at = float("-inf")


def _pump(job: Move, stop: threading.Event, results: "SimpleQueue[SendResult | None]") -> None:
    try:
        for result in _results(job, stop):
            results.put(result)
    except Exception as error:  # noqa: BLE001 - the end of a thread that somebody waits for
        _log.error("move failed", error=describe_exception(error))
    finally:
        results.put(None)


def _results(job: Move, stop: threading.Event) -> Iterator[SendResult]:
    """Yield what became of each object; a broken association is opened again for those that are left."""
    left, fruitless, reason = deque(job.found), 0, "the destination ended the association"
    while left and fruitless < _MOST_FRUITLESS and not stop.is_set():
        outgoing = (outgoing_object(job.objects, instance) for instance in left)
        part = next(in_associations(outgoing, len(left)))
        before, stored = len(left), 0
        try:
            with job.sender.associate(make_contexts(part)) as association:
                for result in _send(association, job, left, len(part)):
                    yield result
                    stored += result.verdict is Verdict.DELIVERED
                    if stop.is_set():
                        return
        except AssociationRefused as error:
            reason, fruitless = str(error), _MOST_FRUITLESS
        else:
            ended_early = before - len(left) < len(part)
            fruitless = fruitless + 1 if ended_early and not stored else 0
    if not stop.is_set():
        yield from (SendResult(each.sop_instance_uid, Verdict.UNSENT, None, reason) for each in left)


def _send(
    association: StoreAssociation, job: Move, left: deque[StoredInstance], count: int
) -> Iterator[SendResult]:
    """Send the first objects of those that are left, until the association ends."""
    for _ in range(count):
        result = send_stored(association, job.objects, left[0], job.originator)
        if result.verdict is Verdict.UNSENT:
            return
        left.popleft()
        yield result
