"""Takes one received object in: success only when file, index row and job are durable.

Encoded bytes as received -> object file, synced -> one commit with index row and job. Whatever fails before
that has a status that tells the sender whether trying again can help (PS3.4 B.2.3; PS3.18 10.5.3 uses the
same codes). C-STORE and DICOMweb both end here.
"""

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from pydicom import Dataset
from pydicom.uid import UID

from node.annotations.receiving import notes_in, to_stored
from node.audit.transfers import Transfer, describe
from node.config.schema import Config
from node.errors import StoreRefused, UnreadableDataSet
from node.index import INDEXED_TAGS, index_attributes
from node.log import EventLog, describe_exception
from node.network.access import Caller
from node.network.backlog import Backlog
from node.network.fetched import FetchedFilms
from node.network.part10 import file_meta, read_header
from node.network.status import StoreStatus
from node.routing.receipt import Reception
from node.routing.values import Sender
from storage.admission import admit
from storage.annotations import add_annotations
from storage.campaign_studies import is_expected
from storage.errors import StorageFailed
from storage.events import add_event
from storage.instances import add_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.values import Attributes, ReceivedInstance, Role

_UID_CHARACTERS = frozenset("0123456789.")
_MAX_UID = 64

_log = EventLog("receiver")


class DataSet(Protocol):
    """What holds the encoded bytes of a Data Set."""

    def getvalue(self) -> bytes:
        """Give all bytes."""
        ...


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """An object that somebody who may store sends, before its Data Set was looked at.

    Attributes
    ----------
    sop_class_uid, sop_instance_uid
        As the request names them.
    accepted_class_uid
        The SOP Class that was agreed on; empty for one that the node does not take.
    data_set
        Encoded in the transfer syntax, without File Meta.
    move_originator
        AE title of who asked for the object by C-MOVE or C-GET; empty where it came by itself.
    transfer
        What the audit trail counts the object to; None where nobody audits.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax: UID
    accepted_class_uid: str
    caller: Caller
    data_set: DataSet
    move_originator: str = ""
    transfer: Transfer | None = None


class Intake:
    """Makes objects durable and queues the radiographs among them; shared by the threads of a process."""

    def __init__(self, ledger: Ledger, objects: ObjectStore, config: Config) -> None:
        self._ledger = ledger
        self._objects = objects
        self._config = config
        self._reception = Reception(config)
        tags = self._reception.tags
        self._tags = None if tags is None else (*INDEXED_TAGS, *tags)
        self._fetched = FetchedFilms(config)
        self._backlog = Backlog(ledger, config.limits.max_queue)

    def take(self, request: StoreRequest) -> tuple[int, str]:
        """Take one object in; never raises.

        Returns
        -------
        tuple
            A `StoreStatus`, and a comment without patient data for all but success.
        """
        started = time.perf_counter()
        status: int = StoreStatus.SUCCESS
        comment = ""
        try:
            status = self._take_in(request)
        except StoreRefused as refusal:
            status, comment = refusal.status, str(refusal)
        except StorageFailed as error:
            status, comment = StoreStatus.OUT_OF_RESOURCES, "disk or ledger refuses at the moment"
            _log.error("storage failed", error=str(error))
        except Exception as error:  # noqa: BLE001 - the boundary: no object may end an association
            status, comment = StoreStatus.PROCESSING_FAILURE, "internal error, see the log of the node"
            _log.error("intake failed", error=describe_exception(error))
        _report(request, status, comment, time.perf_counter() - started)
        if request.transfer is not None:
            request.transfer.end(failure="" if status == StoreStatus.SUCCESS else f"status {status:04X}")
        return status, comment

    def _take_in(self, request: StoreRequest) -> StoreStatus:
        _check_request(request)
        encoded = request.data_set.getvalue()
        self._check_resources(len(encoded), is_analysed=self._reception.takes(request.sop_class_uid))
        header = self._read(request, encoded)
        is_analysed = self._reception.is_film(request.sop_class_uid, header)
        received = self._receive(request, encoded, header)
        if request.transfer is not None:
            request.transfer.begin(describe(received.attributes), request.sop_class_uid)
        sender = Sender(received.calling_ae_title, received.called_ae_title, received.peer_address)
        admission = self._reception.admission(header, sender) if is_analysed else None
        notes = notes_in(request.sop_class_uid, received.part10)
        file = self._objects.write(received.part10)
        with self._ledger.begin() as connection:
            added = add_instance(connection, received, file, Role.SOURCE if is_analysed else Role.OTHER)
            if added.is_conflict and added.is_new:
                add_event(connection, "other bytes under a known UID", subject=request.sop_instance_uid)
            elif notes and added.is_new:
                add_annotations(connection, to_stored(notes, added.instance.instance_id))
            elif admission is not None and not added.is_conflict:
                is_fetched_now = partial(is_expected, connection, added.instance.study_instance_uid)
                caller, originator = received.calling_ae_title, request.move_originator
                admission = self._fetched.lower(admission, caller, originator, is_fetched_now)
                admit(connection, added, admission)
        if added.is_conflict and self._config.receive.duplicate_policy == "report":
            return StoreStatus.DUPLICATE_SOP_INSTANCE
        return StoreStatus.SUCCESS

    def _check_resources(self, size_bytes: int, *, is_analysed: bool) -> None:
        limits = self._config.limits
        if limits.max_object_bytes and size_bytes > limits.max_object_bytes:
            raise StoreRefused(StoreStatus.OUT_OF_RESOURCES, "object larger than limits.max_object_bytes")
        if is_analysed and self._backlog.is_over_limit():
            raise StoreRefused(StoreStatus.OUT_OF_RESOURCES, "too many radiographs wait for analysis")
        free_bytes = shutil.disk_usage(self._config.node.data_dir).free
        if free_bytes - size_bytes < limits.min_free_bytes:
            raise StoreRefused(StoreStatus.OUT_OF_RESOURCES, "disk is nearly full")

    def _read(self, request: StoreRequest, encoded: bytes) -> Dataset:
        """Read the header once: what is indexed, and what the routes look at."""
        try:
            return read_header(encoded, request.transfer_syntax, self._tags)
        except UnreadableDataSet as error:
            raise StoreRefused(StoreStatus.CANNOT_UNDERSTAND, str(error)) from error

    def _receive(self, request: StoreRequest, encoded: bytes, header: Dataset) -> ReceivedInstance:
        attributes = index_attributes(header, undeclared_charsets=self._config.receive.undeclared_charsets)
        _check_identity(request, attributes)
        meta = file_meta(request.sop_class_uid, request.sop_instance_uid, request.transfer_syntax)
        return ReceivedInstance(
            attributes=attributes,
            transfer_syntax_uid=str(request.transfer_syntax),
            calling_ae_title=request.caller.calling_ae_title,
            called_ae_title=request.caller.called_ae_title,
            peer_address=request.caller.address,
            received_at=datetime.now(UTC),
            part10=meta + encoded,
        )


def _check_request(request: StoreRequest) -> None:
    if request.sop_class_uid != request.accepted_class_uid:
        raise StoreRefused(StoreStatus.SOP_CLASS_NOT_SUPPORTED, "SOP Class is not that agreed on")
    uid = request.sop_instance_uid
    if not 0 < len(uid) <= _MAX_UID or not _UID_CHARACTERS.issuperset(uid):
        raise StoreRefused(StoreStatus.INVALID_SOP_INSTANCE, "SOP Instance UID is no UID")


def _check_identity(request: StoreRequest, attributes: Attributes) -> None:
    """Refuse a Data Set that is not the object the request names, or has no place in a study."""
    if attributes["SOPClassUID"] != request.sop_class_uid:
        raise StoreRefused(StoreStatus.DATA_SET_MISMATCH, "SOP Class UID of Data Set and request differ")
    if attributes["SOPInstanceUID"] != request.sop_instance_uid:
        raise StoreRefused(StoreStatus.DATA_SET_MISMATCH, "SOP Instance UID of Data Set and request differ")
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        uid = str(attributes[keyword] or "")
        if not 0 < len(uid) <= _MAX_UID or not _UID_CHARACTERS.issuperset(uid):
            raise StoreRefused(StoreStatus.CANNOT_UNDERSTAND, f"{keyword} is missing or no UID")


def _report(request: StoreRequest, status: int, comment: str, seconds: float) -> None:
    write = _log.info if status == StoreStatus.SUCCESS else _log.warning
    write(
        "instance stored" if status == StoreStatus.SUCCESS else "instance not simply stored",
        sop_instance_uid=request.sop_instance_uid,
        status=f"{status:04X}",
        comment=comment or None,
        calling_ae_title=request.caller.calling_ae_title,
        seconds=seconds,
    )
