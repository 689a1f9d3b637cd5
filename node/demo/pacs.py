"""A small PACS for the demonstration: stores, answers C-FIND, commits to what it holds."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import AE, evt

from node.config.schema import Config, NodeConfig
from node.index import index_attributes
from node.network.access import AccessList
from node.network.contexts import COMMITMENT, decodable_syntaxes, supported_contexts
from node.network.query import QueryService
from node.network.sockets import socket_handlers
from storage.instances import add_instance, find_instance
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.values import ReceivedInstance, Role

AE_TITLE = "DEMOPACS"
_COMMITMENT_INSTANCE = UID("1.2.840.10008.1.20.1.1")
_NO_SUCH_INSTANCE = 0x0112
_ALL_COMMITTED, _SOME_FAILED = 1, 2


class DemoPacs:
    """A PACS in threads of this process, with a ledger and object files below ``folder``.

    Attributes
    ----------
    port
        0 before the start.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._config = Config(node=NodeConfig(ae_title=AE_TITLE, data_dir=folder))
        self._ledger = Ledger.open(self._config.ledger_url)
        self._objects = ObjectStore(self._config.objects_dir)
        self._server: Any = None
        self.port = 0

    def __enter__(self) -> Self:
        access = AccessList(self._config.access, AE_TITLE)
        entity = AE(AE_TITLE)
        entity.maximum_pdu_size = self._config.limits.max_pdu_bytes
        entity.supported_contexts = supported_contexts(decodable_syntaxes())
        handlers: list[Any] = [
            *socket_handlers(),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_FIND, QueryService(self._ledger, access, self._config)),
            (evt.EVT_N_ACTION, self._commit),
        ]
        self._server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.port = self._server.server_address[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._ledger.close()

    def read(self, sop_instance_uid: str) -> bytes:
        """Give a stored object as a Part 10 file."""
        with self._ledger.read() as connection:
            stored = find_instance(connection, sop_instance_uid)
        if stored is None:
            raise KeyError(sop_instance_uid)
        return self._objects.read(stored.file)

    def _store(self, event: Any) -> int:
        part10 = event.encoded_dataset()
        received = ReceivedInstance(
            attributes=index_attributes(event.dataset),
            transfer_syntax_uid=str(event.context.transfer_syntax),
            calling_ae_title=event.assoc.requestor.ae_title,
            called_ae_title=AE_TITLE,
            peer_address=event.assoc.requestor.address,
            received_at=datetime.now(UTC),
            part10=part10,
        )
        file = self._objects.write(part10)
        with self._ledger.begin() as connection:
            add_instance(connection, received, file, Role.OTHER)
        return 0x0000

    def _commit(self, event: Any) -> tuple[int, None]:
        """Take a request for commitment; the report follows on the same association (PS3.4 J.3.3)."""
        report = self._judge(event.action_information)
        threading.Thread(target=_send_report, args=(event.assoc, report), daemon=True).start()
        return 0x0000, None

    def _judge(self, request: Dataset) -> Dataset:
        with self._ledger.read() as connection:
            held = [
                find_instance(connection, item.ReferencedSOPInstanceUID) is not None
                for item in request.ReferencedSOPSequence
            ]
        report = Dataset()
        report.TransactionUID = request.TransactionUID
        items = list(zip(request.ReferencedSOPSequence, held, strict=True))
        report.ReferencedSOPSequence = [item for item, is_held in items if is_held]
        failed = [item for item, is_held in items if not is_held]
        for item in failed:
            item.FailureReason = _NO_SUCH_INSTANCE
        if failed:
            report.FailedSOPSequence = failed
        return report


def _send_report(association: Any, report: Dataset) -> None:
    event_type = _SOME_FAILED if "FailedSOPSequence" in report else _ALL_COMMITTED
    if association.is_established:
        association.send_n_event_report(report, event_type, COMMITMENT, _COMMITMENT_INSTANCE)
