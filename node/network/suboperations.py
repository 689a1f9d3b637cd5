"""The C-STORE sub-operations of a C-MOVE or C-GET: each of them, their count, and what comes of them all."""

from dataclasses import dataclass, field

from node.log import EventLog, describe_exception
from node.network.outgoing import outgoing_object
from node.network.sender import MoveOriginator, SendResult, StoreAssociation, Verdict
from node.network.status import RetrieveStatus
from storage.errors import ObjectLost
from storage.objects import ObjectStore
from storage.values import StoredInstance

MOST_SUBOPERATIONS = 0xFFFF
"""What the counters of a response, US, can hold."""

_log = EventLog("retrieve")


def send_stored(
    association: StoreAssociation,
    objects: ObjectStore,
    instance: StoredInstance,
    originator: MoveOriginator | None = None,
) -> SendResult:
    """Send a stored object after checking its bytes; never raises."""
    uid = instance.sop_instance_uid
    try:
        objects.read(instance.file)
        return association.store(outgoing_object(objects, instance), originator)
    except ObjectLost as error:
        _log.error("object cannot be retrieved", sop_instance_uid=uid, error=str(error))
        return SendResult(uid, Verdict.REFUSED, None, "its file is lost or damaged")
    except Exception as error:  # noqa: BLE001 - the boundary: one odd object must not stop the others
        _log.error("object not sent", sop_instance_uid=uid, error=describe_exception(error))
        return SendResult(uid, Verdict.REFUSED, None, "internal error, see the log of the node")


@dataclass(slots=True)
class Tally:
    """How far a retrieval is.

    Attributes
    ----------
    failed
        SOP Instance UIDs of the objects that were not stored.
    reason
        Why the first of them was not.
    """

    remaining: int
    completed: int = 0
    warnings: int = 0
    failed: list[str] = field(default_factory=list)
    reason: str = ""

    def note(self, result: SendResult) -> None:
        """Count one sub-operation that is over."""
        self.remaining -= 1
        if result.verdict is not Verdict.DELIVERED:
            self.failed.append(result.sop_instance_uid)
            self.reason = self.reason or result.detail
        elif 0xB000 <= (result.status or 0) <= 0xBFFF:
            self.warnings += 1
        else:
            self.completed += 1

    @property
    def status(self) -> RetrieveStatus:
        """Say how the retrieval ended (PS3.4 C.4.2.3.1, C.4.3.3.1)."""
        if self.failed and not self.completed and not self.warnings:
            return RetrieveStatus.CANNOT_PERFORM
        return RetrieveStatus.WITH_FAILURES if self.failed or self.warnings else RetrieveStatus.SUCCESS

    @property
    def comment(self) -> str:
        """Why objects failed, for Error Comment; no patient data."""
        return f"{len(self.failed)} failed: {self.reason}" if self.failed else ""
