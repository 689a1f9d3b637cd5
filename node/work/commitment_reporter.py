"""Reports on requests for storage commitment, on the association of the request or one of the node's own."""

import math
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydicom import Dataset
from pynetdicom import build_role, evt
from pynetdicom.dimse_messages import N_ACTION_RSP
from pynetdicom.presentation import build_context

from node.config.destinations import DestinationConfig, RetryConfig
from node.config.schema import Config
from node.errors import AssociationRefused
from node.log import EventLog, describe_exception
from node.network.commitment import COMMITMENT, COMMITMENT_INSTANCE
from node.network.commitment_provider import judge
from node.network.outgoing import UNCOMPRESSED
from node.network.requestor import open_association
from node.network.status import FailureReason
from node.processes.lifetime import Drain
from node.work.retry import RetryPolicy
from storage.commitment_requests import (
    CommitmentRequest,
    Reference,
    RequestState,
    end_request,
    hold_asked,
    hold_request,
    put_off_request,
    release_asked,
)
from storage.errors import StorageFailed
from storage.events import add_event
from storage.ledger import Ledger
from storage.objects import ObjectStore

ALL_KEPT, SOME_FAILED = 1, 2
"""Event Type ID (PS3.4 J.3.3.1)."""
_AFTER_ANSWER_S = 0.1
"""The response to the request goes first: so long after it was handed over."""
_ANSWER_S = 10.0
"""Longest wait for the answer to a report on the requestor's own association, which may be about to end."""
_LOOK_S = 1.0
_LEASE = timedelta(minutes=15)

_log = EventLog("commitment")


@dataclass(slots=True)
class _Asked:
    """A request that came to this process, and the association on which it came.

    Attributes
    ----------
    answered_at
        When its response was handed over, seconds of the monotonic clock; None: not yet.
    """

    association: Any
    answered_at: float | None = None

    @property
    def pause_s(self) -> float:
        """How long to wait still, for the report must not overtake the response."""
        if self.answered_at is None:
            return math.inf if self.association.is_established else 0.0
        return max(0.0, self.answered_at + _AFTER_ANSWER_S - time.monotonic())


class CommitmentReporter:
    """Works on the requests that are owed a report, one after the other.

    What came to this process it reports first, and nobody else does before its lease has ended; then, as any
    other process does, whatever is due.
    """

    def __init__(self, ledger: Ledger, objects: ObjectStore, config: Config) -> None:
        self._ledger = ledger
        self._objects = objects
        self._config = config
        self._asked: dict[tuple[str, str], _Asked] = {}
        self._new = threading.Event()

    def announce(self, calling_ae_title: str, transaction_uid: str, association: Any) -> None:
        """Take note of a request that is about to be written down; its association may take the report."""
        self._asked[calling_ae_title, transaction_uid] = _Asked(association)
        association.bind(evt.EVT_DIMSE_SENT, self._note_answer)

    def _note_answer(self, event: Any) -> None:
        if not isinstance(event.message, N_ACTION_RSP):
            return
        for asked in list(self._asked.values()):
            if asked.association is event.assoc and asked.answered_at is None:
                asked.answered_at = time.monotonic()
        self._new.set()

    @contextmanager
    def running(self, drain: Drain) -> Iterator[None]:
        """Report in a thread, where the service is offered; the wish to stop must come before the end."""
        if not self._config.commitment.offered:
            yield
            return
        thread = threading.Thread(target=self._run, args=(drain,), name="reporter", daemon=True)
        thread.start()
        try:
            yield
        finally:
            # A report under way need not end: it is due again after its lease.
            thread.join(_LOOK_S)
            self._leave()

    def _leave(self) -> None:
        """Let the next process report at once what came to this one."""
        with suppress(StorageFailed):  # then it waits for the end of its lease
            for key in list(self._asked):
                release_asked(self._ledger, *key)

    def _run(self, drain: Drain) -> None:
        """Report what is due until the wish to stop; what is left is done after the next start."""
        while not drain.requested:
            try:
                held = self._next()
                if held is not None:
                    self._report(held)
                    continue
            except StorageFailed as error:
                _log.error("ledger refuses, trying again", error=str(error))
            except Exception as error:  # noqa: BLE001 - the end of a thread that nobody would notice
                _log.error("commitment report failed", error=describe_exception(error))
            pauses = [_LOOK_S, *(asked.pause_s for asked in list(self._asked.values()))]
            if self._new.wait(max(_AFTER_ANSWER_S, min(pauses))):
                self._new.clear()

    def _next(self) -> CommitmentRequest | None:
        """Hold the next request, first of all one whose association may still be there."""
        for key, asked in list(self._asked.items()):
            if asked.pause_s == 0.0:
                held = hold_asked(self._ledger, *key, _LEASE)
                if held is not None:
                    return held
                self._asked.pop(key, None)
        return hold_request(self._ledger, _LEASE)

    def _report(self, held: CommitmentRequest) -> None:
        verdicts = judge(self._ledger, self._objects, held.references)
        report = make_report(held.transaction_uid, verdicts, self._config.node.ae_title)
        event_type = SOME_FAILED if any(reason for _, reason in verdicts) else ALL_KEPT
        failure = self._deliver(held, event_type, report)
        if failure:
            self._try_again(held, failure)
            return
        with self._ledger.begin() as connection:
            end_request(connection, held, RequestState.REPORTED)
        _log.info(
            "commitment reported",
            calling_ae_title=held.calling_ae_title,
            transaction_uid=held.transaction_uid,
            committed=sum(reason is None for _, reason in verdicts),
            failed=sum(reason is not None for _, reason in verdicts),
        )

    def _deliver(self, held: CommitmentRequest, event_type: int, report: Dataset) -> str:
        """Send a report one way or the other; the answer says why it was not taken, or nothing."""
        asked = self._asked.pop((held.calling_ae_title, held.transaction_uid), None)
        association = asked.association if asked is not None else None
        if association is not None and association.is_established:
            association.dimse_timeout = _ANSWER_S
            if not _send(association, event_type, report):
                return ""
        destination = self._destination(held.calling_ae_title)
        if destination is None:
            return "no destination has its AE title, and its own association has ended"
        role = build_role(COMMITMENT, scp_role=True)
        try:
            with open_association(
                destination,
                self._config.node.ae_title,
                [build_context(COMMITMENT, list(UNCOMPRESSED))],
                negotiation=[role],
            ) as own:
                return _send(own, event_type, report)
        except AssociationRefused as error:
            return str(error)

    def _destination(self, ae_title: str) -> DestinationConfig | None:
        return next((each for each in self._config.destinations if each.ae_title == ae_title), None)

    def _try_again(self, held: CommitmentRequest, failure: str) -> None:
        destination = self._destination(held.calling_ae_title)
        retry = destination.retry if destination else RetryConfig(max_attempts=1)
        is_over = held.attempt >= retry.max_attempts
        with self._ledger.begin() as connection:
            if is_over:
                end_request(connection, held, RequestState.GIVEN_UP, failure)
                detail = f"{held.calling_ae_title}: {failure}"
                add_event(connection, "commitment not reported", subject=held.transaction_uid, detail=detail)
            else:
                delay = RetryPolicy(retry.first_delay_s, retry.max_delay_s).delay(held.attempt)
                put_off_request(connection, held, delay, failure)
        write = _log.error if is_over else _log.warning
        write(
            "commitment report given up" if is_over else "commitment report put off",
            calling_ae_title=held.calling_ae_title,
            transaction_uid=held.transaction_uid,
            attempt=held.attempt,
            reason=failure,
        )


def make_report(
    transaction_uid: str, verdicts: Sequence[tuple[Reference, FailureReason | None]], ae_title: str
) -> Dataset:
    """Make the Event Information of a report (PS3.4 table J.3-2).

    Parameters
    ----------
    ae_title
        Where the objects can be retrieved from.
    """
    report = Dataset()
    report.TransactionUID = transaction_uid
    report.RetrieveAETitle = ae_title
    kept = [_item(reference, None) for reference, reason in verdicts if reason is None]
    failed = [_item(reference, reason) for reference, reason in verdicts if reason is not None]
    if kept:
        report.ReferencedSOPSequence = kept
    if failed:
        report.FailedSOPSequence = failed
    return report


def _item(reference: Reference, reason: FailureReason | None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = reference
    if reason is not None:
        item.FailureReason = int(reason)
    return item


def _send(association: Any, event_type: int, report: Dataset) -> str:
    """Send one N-EVENT-REPORT; the answer says why it was not taken, or nothing."""
    try:
        status, _ = association.send_n_event_report(report, event_type, COMMITMENT, COMMITMENT_INSTANCE)
    except (RuntimeError, ValueError):  # ended meanwhile, or no context where we are the SCP
        return "it does not take commitment reports on this association"
    if "Status" not in status:
        return "no answer to the commitment report"
    if status.Status == 0x0000 or 0xB000 <= status.Status <= 0xBFFF:
        return ""
    return f"the commitment report was answered with status {status.Status:04X}H"
