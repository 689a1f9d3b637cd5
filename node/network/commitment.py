"""Storage Commitment Push Model as SCU: the request and the report (PS3.4 Annex J)."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pydicom import Dataset
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from node.config.destinations import DestinationConfig
from node.log import EventLog
from node.network.outgoing import UNCOMPRESSED
from node.network.requestor import open_association

COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
REQUEST_COMMITMENT = 1
"""Action Type ID of the request."""
MOST_REFERENCES = 200
"""Objects asked for in one transaction; far more than most archives are used to would be unkind."""

_log = EventLog("committer")

ReportHandler = Callable[[int, Dataset], int]
"""Takes the event type and the Event Information of a report, gives the status of the response."""


class Answer(Enum):
    """What became of a request for commitment."""

    ACCEPTED = "accepted"
    """The report will come, on this association or on one of the destination's own."""
    NOT_OFFERED = "not offered"
    """The destination has no Storage Commitment service."""
    FAILED = "failed"
    """The destination could not take the request this time."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One object that the destination shall commit to."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """What a destination says of the objects of one transaction.

    Attributes
    ----------
    committed
        SOP Instance UIDs that it keeps.
    failed
        Failure Reason (0008,1197) by SOP Instance UID.
    """

    transaction_uid: str
    committed: frozenset[str] = frozenset()
    failed: dict[str, int] = field(default_factory=dict)


def read_report(information: Dataset) -> CommitmentReport:
    """Read the Event Information of a report; the event type says nothing that the sequences do not.

    Raises
    ------
    ValueError
        If it names no transaction.
    """
    transaction_uid = str(information.get("TransactionUID", "") or "")
    if not transaction_uid:
        raise ValueError("the report has no Transaction UID")
    failed = {
        str(item.ReferencedSOPInstanceUID): int(item.get("FailureReason", None) or 0x0110)
        for item in information.get("FailedSOPSequence", None) or ()
    }
    committed = frozenset(
        str(item.ReferencedSOPInstanceUID) for item in information.get("ReferencedSOPSequence", None) or ()
    )
    return CommitmentReport(transaction_uid, committed - failed.keys(), failed)


def make_request(transaction_uid: str, references: Sequence[Reference]) -> Dataset:
    """Make the Action Information of a request."""
    information = Dataset()
    information.TransactionUID = transaction_uid
    information.ReferencedSOPSequence = []
    for reference in references:
        item = Dataset()
        item.ReferencedSOPClassUID = reference.sop_class_uid
        item.ReferencedSOPInstanceUID = reference.sop_instance_uid
        information.ReferencedSOPSequence.append(item)
    return information


class CommitmentRequestor:
    """Asks one destination to commit to objects.

    Parameters
    ----------
    report
        Gets the reports that come on the association of the request.
    linger_s
        How long the association stays open for such a report, seconds.
    """

    def __init__(
        self,
        destination: DestinationConfig,
        calling_ae_title: str,
        report: ReportHandler,
        *,
        linger_s: float = 2.0,
    ) -> None:
        self._destination = destination
        self._calling_ae_title = calling_ae_title
        self._report = report
        self._linger_s = linger_s

    def request(self, transaction_uid: str, references: Sequence[Reference]) -> Answer:
        """Send one N-ACTION and wait a little for the report.

        Raises
        ------
        AssociationRefused
            If the destination cannot be reached or rejects the association.
        """
        reported = threading.Event()

        def take(event: Any) -> tuple[int, None]:
            status = self._report(event.event_type, event.event_information)
            reported.set()
            return status, None

        handlers = [(evt.EVT_N_EVENT_REPORT, take)]
        with open_association(
            self._destination, self._calling_ae_title, _contexts(), handlers
        ) as association:
            if not association.accepted_contexts:
                return Answer.NOT_OFFERED
            # Before the answer, not after it: the report may be quicker, and the log should tell a story.
            _log.info(
                "asking for commitment",
                destination=self._destination.name,
                objects=len(references),
                transaction_uid=transaction_uid,
            )
            answer = _ask(association, make_request(transaction_uid, references))
            if answer is Answer.ACCEPTED:
                reported.wait(self._linger_s)
        return answer


def offers_commitment(destination: DestinationConfig, calling_ae_title: str) -> bool:
    """Tell whether a destination accepts a presentation context for Storage Commitment; nothing is asked for.

    Raises
    ------
    AssociationRefused
        If the destination cannot be reached or rejects the association.
    """
    with open_association(destination, calling_ae_title, _contexts()) as association:
        return bool(association.accepted_contexts)


def _contexts() -> list[PresentationContext]:
    return [build_context(COMMITMENT, list(UNCOMPRESSED))]


def _ask(association: Association, information: Dataset) -> Answer:
    try:
        status, _ = association.send_n_action(
            information, REQUEST_COMMITMENT, COMMITMENT, COMMITMENT_INSTANCE
        )
    except RuntimeError:  # the destination ended the association first
        return Answer.FAILED
    code = status.get("Status")
    if code == 0x0000 or (code is not None and 0xB000 <= code <= 0xBFFF):
        return Answer.ACCEPTED
    # SOP Class not supported, no such SOP Class, unrecognised operation: the service is only a name there.
    return Answer.NOT_OFFERED if code in (0x0122, 0x0118, 0x0211) else Answer.FAILED
