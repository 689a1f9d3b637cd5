"""Obtains a destination's storage commitment for what was delivered there, and takes in its reports.

The report may come on the association of the request, or hours later on one of the destination's own, to
another process; ``make_report_handler`` serves both. What no report names in time is asked for again, first
soon and then ever more seldom.
"""

from collections.abc import Sequence
from datetime import timedelta

from pydicom import Dataset

from node.errors import AssociationRefused
from node.log import EventLog
from node.network.commitment import (
    MOST_REFERENCES,
    Answer,
    CommitmentRequestor,
    Reference,
    ReportHandler,
    read_report,
)
from node.network.status import EventStatus
from node.work.circuit import Circuit
from node.work.outbox import Outbox
from node.work.own_receiver import OwnReceiver
from storage.deliveries import close_commitment, open_commitment
from storage.errors import LeaseLost
from storage.events import add_event
from storage.instances import get_instances
from storage.ledger import Ledger
from storage.queue import claim, postpone, retry_later, settle
from storage.values import Claim, JobKind

NOTHING_DUE = float("inf")
STORED_NOT_COMMITTED = "stored, not committed: the destination offers no Storage Commitment"
FIRST_WAIT_S = 120.0
"""For a report. Most archives report within seconds, so a longer silence may mean that a report was lost."""
_NO_REPORT_YET = "commitment was asked for and no report has come yet; can the destination call this node?"
_PROBE_PAUSE_S = 1.0
_DELIVER_AGAIN_AFTER = timedelta(seconds=5)

_log = EventLog("committer")


def report_wait(attempt: int, longest_s: float) -> timedelta:
    """Tell how long to wait for the report of a request before asking again.

    Parameters
    ----------
    attempt
        Number of the request, from 1; the wait doubles with each.
    longest_s
        Longest wait, seconds.
    """
    doublings = min(max(attempt, 1) - 1, 20)
    return timedelta(seconds=min(longest_s, FIRST_WAIT_S * 2.0**doublings))


class Committer:
    """Works on the COMMIT queue of one destination, a turn at a time.

    Parameters
    ----------
    receiver
        Waited for before anything is asked, so that the report finds somebody; None waits for nobody.
    """

    def __init__(
        self,
        outbox: Outbox,
        circuit: Circuit,
        report: ReportHandler,
        receiver: OwnReceiver | None = None,
        *,
        linger_s: float = 2.0,
    ) -> None:
        self._outbox = outbox
        self._ledger = outbox.ledger
        self._circuit = circuit
        self._receiver = receiver
        self._requestor = CommitmentRequestor(
            outbox.destination, outbox.calling_ae_title, report, linger_s=linger_s
        )
        self._has_warned = False

    def turn(self) -> float:
        """Ask for what is due, in one transaction of the destination's.

        Returns
        -------
        float
            Seconds for which nothing is to be done; 0 when there may be more.

        Raises
        ------
        StorageFailed
            If the ledger does not answer.
        """
        rest_s = self._circuit.rest_s()
        if rest_s > 0:
            return rest_s
        if self._circuit.needs_probe:
            return _PROBE_PAUSE_S  # the deliverer sees to that
        claims = claim(
            self._ledger,
            JobKind.COMMIT,
            self._outbox.name,
            MOST_REFERENCES,
            lease=self._outbox.lease,
            owner=self._outbox.owner,
        )
        if not claims:
            return NOTHING_DUE
        try:
            self._ask_when_heard(claims)
        except LeaseLost:
            _log.warning("a commitment job was taken over", destination=self._outbox.name)
        return 0.0

    def _ask_when_heard(self, claims: Sequence[Claim]) -> None:
        pause_s = self._receiver.pause_s() if self._receiver else 0.0
        if pause_s > 0:
            self._hand_back(claims, timedelta(seconds=pause_s), "waits until this node's receiver listens")
        else:
            self._ask(claims)

    def _ask(self, claims: Sequence[Claim]) -> None:
        references = self._open(claims)
        try:
            answer = self._requestor.request(claims[0].token, references)
        except AssociationRefused as error:
            self._hand_back(claims, self._outbox.policy.delay(1), "the destination was not reached")
            self._circuit.note_failure(str(error))
            return
        if answer is Answer.NOT_OFFERED:
            self._settle_without(claims)
        elif answer is Answer.FAILED:
            self._put_off(claims)

    def _open(self, claims: Sequence[Claim]) -> list[Reference]:
        """Write the transaction down before it is asked for: the report may be quick."""
        longest_s = self._outbox.destination.commitment_timeout_s
        with self._ledger.begin() as connection:
            open_commitment(connection, claims[0].token, claims)
            for held in claims:
                postpone(connection, held, report_wait(held.attempt, longest_s), error=_NO_REPORT_YET)
            instances = get_instances(connection, [held.instance_id for held in claims])
        return [Reference(instance.sop_class_uid, instance.sop_instance_uid) for instance in instances]

    def _hand_back(self, claims: Sequence[Claim], delay: timedelta, reason: str) -> None:
        with self._ledger.begin() as connection:
            for held in claims:
                postpone(connection, held, delay, keep_token=False, error=reason)

    def _put_off(self, claims: Sequence[Claim]) -> None:
        with self._ledger.begin() as connection:
            for held in claims:
                delay = self._outbox.policy.delay(held.attempt)
                retry_later(connection, held, "the request for commitment failed", delay)
        _log.warning("request for commitment failed", destination=self._outbox.name, objects=len(claims))

    def _settle_without(self, claims: Sequence[Claim]) -> None:
        """End the jobs for a destination that has no such service: the C-STORE status has to do."""
        with self._ledger.begin() as connection:
            for held in claims:
                settle(connection, held, STORED_NOT_COMMITTED)
            if not self._has_warned:
                add_event(connection, "storage commitment not offered", subject=self._outbox.name)
        if not self._has_warned:
            _log.warning(STORED_NOT_COMMITTED, destination=self._outbox.name)
        self._has_warned = True


def make_report_handler(ledger: Ledger, retry_delay: timedelta = _DELIVER_AGAIN_AFTER) -> ReportHandler:
    """Make the function that takes in storage commitment reports, whichever way they come.

    Parameters
    ----------
    retry_delay
        How long an object that the destination does not keep waits before it is delivered again.
    """

    def take(_event_type: int, information: Dataset) -> int:
        try:
            report = read_report(information)
        except (ValueError, AttributeError):
            _log.warning("a commitment report cannot be read")
            return EventStatus.PROCESSING_FAILURE
        with ledger.begin() as connection:
            closed = close_commitment(
                connection, report.transaction_uid, report.committed, report.failed, retry_delay=retry_delay
            )
        _log.info(
            "commitment report" if closed.is_known else "commitment report for an unknown transaction",
            transaction_uid=report.transaction_uid,
            committed=len(closed.committed),
            sent_again=len(closed.sent_again),
            given_up=len(closed.given_up),
        )
        return EventStatus.SUCCESS

    return take
