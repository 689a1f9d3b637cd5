"""The responses to one C-MOVE or C-GET request, and what its requestor does meanwhile."""

from io import BytesIO
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom.dsutils import encode

from node.network.status import MAX_ERROR_COMMENT, RetrieveStatus
from node.network.suboperations import Tally

_LONGEST_SHORT_VALUE = 0xFFFE
"""Bytes that a UI can hold where its VR is written (PS3.5 7.1.2)."""


class Responder:
    """Answers one request.

    Parameters
    ----------
    association
        The association that we accepted.
    request
        The C-MOVE or C-GET primitive.
    context
        Its accepted presentation context.
    """

    def __init__(self, association: Any, request: Any, context: Any) -> None:
        self._association = association
        self._request = request
        self._context_id = context.context_id
        self._transfer_syntax = UID(context.transfer_syntax[0])

    @property
    def is_alive(self) -> bool:
        """Whether the requestor is still there to be answered."""
        # The state of the association changes only when the request has been served.
        return self._association.is_established and not self._association.acse.is_aborted()

    @property
    def is_cancelled(self) -> bool:
        """Whether the requestor has sent C-CANCEL for this request."""
        return self._request.MessageID in self._association.dimse.cancel_req

    def pending(self, tally: Tally) -> None:
        """Tell how far the sub-operations are."""
        self._send(RetrieveStatus.PENDING, tally)

    def final(self, status: int, tally: Tally | None = None, comment: str = "") -> None:
        """Give the last response.

        Parameters
        ----------
        tally
            None when no sub-operation was begun.
        """
        if self.is_alive:
            self._send(status, tally, comment)

    def _send(self, status: int, tally: Tally | None, comment: str = "") -> None:
        response = type(self._request)()
        response.MessageIDBeingRespondedTo = self._request.MessageID
        response.AffectedSOPClassUID = self._request.AffectedSOPClassUID
        response.Status = int(status)
        if comment:
            response.ErrorComment = comment[:MAX_ERROR_COMMENT]
        if tally is not None:
            self._count(response, tally)
        self._association.dimse.send_msg(response, self._context_id)

    def _count(self, response: Any, tally: Tally) -> None:
        if response.Status in (RetrieveStatus.PENDING, RetrieveStatus.CANCELLED):
            response.NumberOfRemainingSuboperations = tally.remaining
        response.NumberOfCompletedSuboperations = tally.completed
        response.NumberOfFailedSuboperations = len(tally.failed)
        response.NumberOfWarningSuboperations = tally.warnings
        if tally.failed and response.Status != RetrieveStatus.PENDING:
            response.Identifier = BytesIO(self._failed_list(tally))

    def _failed_list(self, tally: Tally) -> bytes:
        """Make the Identifier that names the failed instances, as many as fit."""
        failed, syntax = tally.failed, self._transfer_syntax
        if not syntax.is_implicit_VR:
            fitting = _LONGEST_SHORT_VALUE // (max(map(len, failed)) + 1)
            failed = failed[:fitting]
        identifier = Dataset()
        identifier.FailedSOPInstanceUIDList = failed
        return encode(identifier, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated) or b""
