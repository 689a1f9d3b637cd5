"""C-STORE SCP: may this peer store, does the object fit, and then the intake (PS3.4 B.2.3)."""

from dataclasses import replace
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt

from node.audit.auditor import Auditor
from node.audit.transfers import Transfer, Transfers
from node.errors import StoreRefused
from node.log import EventLog
from node.network.access import AccessList, caller_of
from node.network.intake import Intake, StoreRequest
from node.network.sizes import Overflow
from node.network.status import StoreStatus, status_dataset

_log = EventLog("receiver")


class Receiver:
    """Handler of EVT_C_STORE."""

    def __init__(self, intake: Intake, access: AccessList, auditor: Auditor) -> None:
        self._intake = intake
        self._access = access
        self._transfers = Transfers(auditor)

    def __call__(self, event: Any) -> Dataset:
        """Take one object in; never raises."""
        request = _request_of(event)
        try:
            self._check(request)
        except StoreRefused as refusal:
            _log.warning(
                "C-STORE refused",
                sop_instance_uid=request.sop_instance_uid,
                status=f"{refusal.status:04X}",
                comment=str(refusal),
                calling_ae_title=request.caller.calling_ae_title,
            )
            return status_dataset(refusal.status, str(refusal))
        audited = replace(request, transfer=self._transfer(event.assoc, request))
        return status_dataset(*self._intake.take(audited))

    def _transfer(self, association: Any, request: StoreRequest) -> Transfer:
        """Give what this association has transferred so far; it is told when the connection closes."""
        transfer = self._transfers.find(association)
        if transfer is None:
            transfer = self._transfers.open(association, request.caller.as_peer)
            association.bind(evt.EVT_CONN_CLOSE, self._close)
        return transfer

    def _close(self, event: Any) -> None:
        self._transfers.close(event.assoc)

    def _check(self, request: StoreRequest) -> None:
        caller = request.caller
        if "store" not in self._access.services(caller):
            raise StoreRefused(StoreStatus.NOT_AUTHORISED, "this AE may not store here")
        if isinstance(request.data_set, Overflow):
            raise StoreRefused(StoreStatus.OUT_OF_RESOURCES, "object larger than limits.max_object_bytes")


def _request_of(event: Any) -> StoreRequest:
    request, context = event.request, event.context
    return StoreRequest(
        sop_class_uid=str(request.AffectedSOPClassUID or ""),
        sop_instance_uid=str(request.AffectedSOPInstanceUID or ""),
        transfer_syntax=UID(context.transfer_syntax),
        accepted_class_uid=str(context.abstract_syntax),
        caller=caller_of(event.assoc),
        data_set=request.DataSet,
        move_originator=str(request.MoveOriginatorApplicationEntityTitle or "").strip(),
    )
