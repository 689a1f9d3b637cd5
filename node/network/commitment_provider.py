"""Storage Commitment Push Model as SCP: takes requests and decides about each object (PS3.4 J.3).

A node that is not the archive must not commit, for modalities delete on commitment: off by default.
"""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from pydicom import Dataset
from pydicom.errors import BytesLengthException
from pydicom.tag import Tag
from pydicom.uid import UID

from node.config.schema import Config
from node.errors import RequestRefused, UnreadableDataSet
from node.log import EventLog, describe_exception
from node.network.access import AccessList, caller_of
from node.network.commitment import COMMITMENT_INSTANCE, REQUEST_COMMITMENT
from node.network.contexts import STORAGE_CLASSES
from node.network.part10 import read_whole
from node.network.status import ActionStatus, FailureReason, status_dataset
from node.text import read_text
from storage.commitment_requests import Reference, add_request
from storage.errors import ObjectLost, StorageFailed
from storage.instances import find_variants
from storage.ledger import Ledger
from storage.objects import ObjectStore

MOST_OBJECTS = 10_000
"""Of one request; a transaction of a modality names those of one study."""
_UID = re.compile(r"[0-9.]{1,64}")
_TRANSACTION, _REFERENCES = Tag(0x0008, 0x1195), Tag(0x0008, 0x1199)
_CLASS, _INSTANCE = Tag(0x0008, 0x1150), Tag(0x0008, 0x1155)

_log = EventLog("commitment")

Announce = Callable[[str, str, Any], None]
"""Takes calling AE title, transaction UID and association of a request that is about to be accepted."""

FIRST_LEASE = timedelta(minutes=15)
"""How long a request is left to the process that accepted it; longer than the reports before it can take."""


class CommitmentProvider:
    """Handler of EVT_N_ACTION: a request is durable in the ledger before it is answered.

    Parameters
    ----------
    announce
        Learns of each request before it is accepted, so that nobody reports who knows no association for it.
    """

    def __init__(self, ledger: Ledger, access: AccessList, config: Config, announce: Announce) -> None:
        self._ledger = ledger
        self._access = access
        self._is_offered = config.commitment.offered
        self._announce = announce

    def __call__(self, event: Any) -> tuple[Dataset, None]:
        """Answer one request; never raises."""
        status, comment = ActionStatus.SUCCESS, ""
        try:
            self._take(event)
        except RequestRefused as refusal:
            status, comment = ActionStatus(refusal.status), str(refusal)
        except UnreadableDataSet:
            status, comment = ActionStatus.INVALID_ARGUMENT, "the Action Information cannot be read"
        except StorageFailed as error:
            status, comment = ActionStatus.RESOURCE_LIMITATION, "the ledger refuses at the moment"
            _log.error("storage failed", error=str(error))
        except Exception as error:  # noqa: BLE001 - the boundary: no request may end an association
            status, comment = ActionStatus.PROCESSING_FAILURE, "internal error, see the log of the node"
            _log.error("commitment request failed", error=describe_exception(error))
        if status is not ActionStatus.SUCCESS:
            calling = caller_of(event.assoc).calling_ae_title
            _log.warning(
                "commitment refused", calling_ae_title=calling, status=f"{status:04X}", comment=comment
            )
        return status_dataset(status, comment), None

    def _take(self, event: Any) -> None:
        caller = caller_of(event.assoc)
        if not self._is_offered:
            raise RequestRefused(ActionStatus.UNRECOGNISED_OPERATION, "this node commits to nothing")
        if "commit" not in self._access.services(caller):
            raise RequestRefused(ActionStatus.NOT_AUTHORISED, "this AE may not ask for commitment here")
        if str(event.request.RequestedSOPInstanceUID or "") != COMMITMENT_INSTANCE:
            raise RequestRefused(ActionStatus.NO_SUCH_INSTANCE, "not the well-known SOP Instance")
        if event.request.ActionTypeID != REQUEST_COMMITMENT:
            raise RequestRefused(ActionStatus.NO_SUCH_ACTION, "Action Type ID must be 1")
        transaction_uid, references = _read(event)
        with self._ledger.begin() as connection:
            is_taken = add_request(
                connection, caller.calling_ae_title, transaction_uid, references, lease=FIRST_LEASE
            )
            if is_taken:
                self._announce(caller.calling_ae_title, transaction_uid, event.assoc)
        if not is_taken:
            raise RequestRefused(
                ActionStatus.INVALID_ARGUMENT, "Transaction UID was used for other objects before"
            )
        _log.info(
            "commitment asked for",
            calling_ae_title=caller.calling_ae_title,
            transaction_uid=transaction_uid,
            objects=len(references),
        )


def _read(event: Any) -> tuple[str, list[Reference]]:
    """Read transaction and objects of the Action Information."""
    encoded = event.request.ActionInformation
    if encoded is None:
        raise RequestRefused(ActionStatus.INVALID_ARGUMENT, "the request has no Action Information")
    information = read_whole(encoded.getvalue(), UID(event.context.transfer_syntax))
    transaction_uid = (read_text(information, _TRANSACTION) or "").strip()
    if not _UID.fullmatch(transaction_uid):
        raise RequestRefused(ActionStatus.INVALID_ARGUMENT, "Transaction UID is missing or no UID")
    try:
        items = list(information[_REFERENCES].value) if _REFERENCES in information else []
    except (ValueError, TypeError, LookupError, BytesLengthException) as error:
        raise UnreadableDataSet("the Referenced SOP Sequence cannot be read") from error
    references = [
        ((read_text(item, _CLASS) or "").strip(), (read_text(item, _INSTANCE) or "").strip())
        for item in items
    ]
    if not 0 < len(references) <= MOST_OBJECTS:
        raise RequestRefused(
            ActionStatus.INVALID_ARGUMENT, f"{len(references)} objects; 1 to {MOST_OBJECTS} may be named"
        )
    return transaction_uid, references


def judge(
    ledger: Ledger, objects: ObjectStore, references: Sequence[Reference]
) -> list[tuple[Reference, FailureReason | None]]:
    """Decide about each object; None is the promise to keep it.

    An object is promised when everything that was received under its UID is in the ledger, and every file
    still has the bytes it had when it was made durable. Nothing that is in the ledger is ever removed.

    Raises
    ------
    StorageFailed
        If the ledger does not answer.
    """
    return [(reference, _reason(ledger, objects, *reference)) for reference in references]


def _reason(
    ledger: Ledger, objects: ObjectStore, sop_class_uid: str, sop_instance_uid: str
) -> FailureReason | None:
    with ledger.read() as connection:
        variants = find_variants(connection, sop_instance_uid)
    if not variants:
        known = sop_class_uid in STORAGE_CLASSES
        return FailureReason.NO_SUCH_INSTANCE if known else FailureReason.CLASS_NOT_SUPPORTED
    if any(variant.sop_class_uid != sop_class_uid for variant in variants):
        return FailureReason.CLASS_INSTANCE_CONFLICT
    try:
        for variant in variants:
            objects.read(variant.file)
    except ObjectLost as error:
        _log.error("object cannot be committed to", sop_instance_uid=sop_instance_uid, error=str(error))
        return FailureReason.PROCESSING_FAILURE
    return None
