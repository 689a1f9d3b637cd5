"""A real Storage SCP on a free port that behaves as a test tells it to, good or bad.

>>> with Pacs() as pacs:
...     pacs.answer = lambda sop_instance_uid: 0xA700   # every C-STORE from now on
...     pacs.refused_classes = {Comprehensive3DSRStorage}
...     pacs.commitment = Commitment.NEW_ASSOCIATION
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum
from io import BytesIO
from types import TracebackType
from typing import Any, Self

from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context, build_role
from pynetdicom.sop_class import (
    Comprehensive3DSRStorage,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

STORED_CLASSES = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    SegmentationStorage,
    Comprehensive3DSRStorage,
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    EncapsulatedPDFStorage,
)
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
NO_SUCH_INSTANCE = 0x0112


class Commitment(Enum):
    """How the PACS treats a request for storage commitment."""

    NONE = "the service is not offered"
    SAME_ASSOCIATION = "reports on the association of the request"
    NEW_ASSOCIATION = "reports on an association of its own"
    SILENT = "accepts the request and never reports"


class Special(Enum):
    """Answers to a C-STORE that are no status."""

    ABORT = "abort the association"
    STALL = "never answer"


class Pacs:
    """A storage SCP in this process; start and stop it as often as needed, the port stays the same.

    Attributes
    ----------
    answer
        Status, or `Special`, for each C-STORE by SOP Instance UID.
    refused_classes
        SOP Classes whose presentation contexts are not accepted.
    uncommitted
        Failure reason by SOP Instance UID in storage commitment reports; instances that were never stored
        fail with 0112H on their own.
    called_ae_titles_checked
        Reject associations that call another AE title.
    report_to
        Host, port and AE title for reports on a new association.
    syntaxes
        Transfer syntaxes in the order of the PACS's preference.
    """

    def __init__(self, ae_title: str = "PACS") -> None:
        self.ae_title = ae_title
        self.port = 0
        self.answer: Callable[[str], int | Special] = lambda _sop_instance_uid: 0x0000
        self.refused_classes: set[str] = set()
        self.syntaxes: list[Any] = list(SYNTAXES)
        self.called_ae_titles_checked = False
        self.commitment = Commitment.NONE
        self.uncommitted: dict[str, int] = {}
        self.report_to: tuple[str, int, str] | None = None
        self.associations = 0
        self.echoes = 0
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.objects: dict[str, Dataset] = {}
        self.transactions: list[str] = []
        self._server: Any = None
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> Self:
        """Listen, on the same port as before when there was one."""
        self._stopping.clear()
        entity = AE(self.ae_title)
        entity.network_timeout = 30
        entity.require_called_aet = self.called_ae_titles_checked
        entity.add_supported_context(Verification, self.syntaxes)
        for sop_class in STORED_CLASSES:
            if sop_class not in self.refused_classes:
                entity.add_supported_context(sop_class, self.syntaxes)
        if self.commitment is not Commitment.NONE:
            entity.add_supported_context(StorageCommitmentPushModel, self.syntaxes)
        handlers = [
            (evt.EVT_ESTABLISHED, self._count_association),
            (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_N_ACTION, self._commit),
        ]
        self._server = entity.make_server(("127.0.0.1", self.port), evt_handlers=handlers)
        self.port = self._server.server_address[1]
        # Not start_server: its loop looks only twice a second whether it must end.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        entity._servers.append(self._server)
        return self

    def stop(self) -> None:
        """Go down; open associations end."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server = None
        for thread in self._threads:
            thread.join(5)
        self._threads.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def classes(self) -> Counter[str]:
        """Count the objects held by SOP Class UID."""
        return Counter(str(dataset.SOPClassUID) for dataset in self.objects.values())

    def _count_association(self, _event: evt.Event) -> None:
        self.associations += 1

    def _echo(self, _event: evt.Event) -> int:
        self.echoes += 1
        return 0x0000

    def _store(self, event: evt.Event) -> int:
        sop_instance_uid = str(event.request.AffectedSOPInstanceUID)
        answer = self.answer(sop_instance_uid)
        if answer is Special.ABORT:
            event.assoc.abort()
            return 0x0110
        if answer is Special.STALL:
            self._stopping.wait(60)
            return 0x0110
        assert isinstance(answer, int)
        if answer == 0x0000 or 0xB000 <= answer <= 0xBFFF:
            stored = dcmread(BytesIO(event.encoded_dataset()), force=True)
            self.objects[sop_instance_uid] = stored
            self.accepted[sop_instance_uid] += 1
        else:
            self.refused[sop_instance_uid] += 1
        return answer

    def _commit(self, event: evt.Event) -> tuple[int, None]:
        information = event.action_information
        self.transactions.append(str(information.TransactionUID))
        if self.commitment in (Commitment.SAME_ASSOCIATION, Commitment.NEW_ASSOCIATION):
            event_type, report = self._judge(information)
            same = self.commitment is Commitment.SAME_ASSOCIATION
            send = self._report_here if same else self._report_anew
            thread = threading.Thread(target=send, args=(event.assoc, event_type, report), daemon=True)
            self._threads.append(thread)
            thread.start()
        return 0x0000, None

    def _judge(self, information: Dataset) -> tuple[int, Dataset]:
        report = Dataset()
        report.TransactionUID = information.TransactionUID
        committed, failed = [], []
        for item in information.ReferencedSOPSequence:
            reference = Dataset()
            reference.ReferencedSOPClassUID = item.ReferencedSOPClassUID
            reference.ReferencedSOPInstanceUID = item.ReferencedSOPInstanceUID
            uid = str(item.ReferencedSOPInstanceUID)
            reason = self.uncommitted.get(uid) or (None if uid in self.objects else NO_SUCH_INSTANCE)
            if reason is None:
                committed.append(reference)
            else:
                reference.FailureReason = reason
                failed.append(reference)
        if committed:
            report.ReferencedSOPSequence = Sequence(committed)
        if failed:
            report.FailedSOPSequence = Sequence(failed)
        return (2 if failed else 1), report

    def _report_here(self, association: Any, event_type: int, report: Dataset) -> None:
        time.sleep(0.05)  # the response to the N-ACTION goes first
        if association.is_established:
            association.send_n_event_report(
                report, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )

    def _report_anew(self, _association: Any, event_type: int, report: Dataset) -> None:
        if self.report_to is None:
            return
        host, port, ae_title = self.report_to
        entity = AE(self.ae_title)
        association = entity.associate(
            host,
            port,
            contexts=[build_context(StorageCommitmentPushModel, SYNTAXES)],
            ae_title=ae_title,
            ext_neg=[build_role(StorageCommitmentPushModel, scu_role=False, scp_role=True)],
        )
        if association.is_established:
            association.send_n_event_report(
                report, event_type, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
            )
            association.release()
