"""A real SCP of ours on a free port, and SCUs to talk to it: pynetdicom in the process, DCMTK outside it.

>>> with listening_node(tmp_path) as node, node.associate([CR]) as association:
...     assert store(association, make_film()).Status == 0x0000
"""

import logging
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND, C_STORE
from pynetdicom.presentation import PresentationContext, build_context

from node.audit.auditor import Auditor
from node.composition.auditing import make_auditor
from node.config.schema import Config
from node.log import configure_logging
from node.network.access import AccessList
from node.network.application_entity import ApplicationEntity, Services
from node.network.commitment_provider import CommitmentProvider
from node.network.contexts import PLAIN_SYNTAXES, STUDY_ROOT_FIND
from node.network.intake import Intake
from node.network.query import QueryService
from node.network.receiver import Receiver
from node.network.retrieve import RetrieveService
from node.network.sockets import socket_handlers
from node.processes.lifetime import Drain
from node.work.commitment_reporter import CommitmentReporter
from storage.ledger import Ledger
from storage.objects import ObjectStore
from tests.support.hygiene import WATCH

NODE_AE_TITLE = "NEOLUNG"


@dataclass(slots=True)
class ListeningNode:
    """The receiving half of a node, in this process."""

    config: Config
    ledger: Ledger
    objects: ObjectStore
    entity: ApplicationEntity
    reports: list[tuple[int, Dataset]] = field(default_factory=list)
    log: StringIO = field(default_factory=StringIO)

    @property
    def port(self) -> int:
        """The port that is open without TLS."""
        return self.entity.port

    @property
    def tls_port(self) -> int:
        """The port that is open for TLS."""
        return self.entity.tls_port

    def take_report(self, event_type: int, information: Dataset) -> int:
        """Keep a storage commitment report."""
        self.reports.append((event_type, information))
        return 0x0000

    @contextmanager
    def associate(
        self, contexts: Sequence[str | PresentationContext], **options: Any
    ) -> Iterator[Association]:
        """Open an association as TESTER; a plain SOP Class is proposed in Explicit VR Little Endian."""
        port = self.tls_port if "tls_args" in options else self.port
        with associate(port, contexts, **options) as association:
            yield association


@contextmanager
def listening_node(folder: Path, **sections: Mapping[str, Any]) -> Iterator[ListeningNode]:
    """Start ledger, object store and Application Entity below ``folder``; drain and close them at the end.

    Parameters
    ----------
    sections
        Sections of the configuration, over settings that suit a test.
    """
    settings: dict[str, Any] = {
        "node": {"port": 0, "data_dir": str(folder), **sections.pop("node", {})},
        "limits": {"min_free_bytes": 0, "drain_timeout_s": 0.2, **sections.pop("limits", {})},
        **sections,
    }
    config = Config.model_validate(settings, context={"base": folder})
    folder.mkdir(parents=True, exist_ok=True)
    ledger, objects = Ledger.open(config.ledger_url), ObjectStore(config.objects_dir)
    auditor: Auditor = make_auditor(config)
    access = AccessList(config.access, config.node.ae_title)
    log, drain = StringIO(), Drain()
    configure_logging("debug", "text", log)
    reporter = CommitmentReporter(ledger, objects, config)
    services = Services(
        store=Receiver(Intake(ledger, objects, config), access, auditor),
        find=QueryService(ledger, access, config, auditor),
        retrieve=RetrieveService(ledger, objects, access, config, auditor),
        commit=CommitmentProvider(ledger, access, config, reporter.announce),
        commitment_report=lambda kind, information: node.take_report(kind, information),
    )
    entity = ApplicationEntity(config, access, services, auditor=auditor)
    node = ListeningNode(config, ledger, objects, entity, log=log)
    try:
        with entity, reporter.running(drain):
            yield node
            drain.request()
    finally:
        ledger.close()
        WATCH.note_trail(config.audit_dir)
        logging.getLogger("neolung").handlers.clear()


@contextmanager
def associate(
    port: int,
    contexts: Sequence[str | PresentationContext],
    *,
    called: str = NODE_AE_TITLE,
    calling: str = "TESTER",
    **options: Any,
) -> Iterator[Association]:
    """Open an association to a port of this machine; it is released, or aborted when the test fails."""
    entity = AE(calling)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 20
    proposed = [
        context
        if isinstance(context, PresentationContext)
        else build_context(context, ExplicitVRLittleEndian)
        for context in contexts
    ]
    association = entity.associate(
        "127.0.0.1",
        port,
        contexts=proposed,
        ae_title=called,
        evt_handlers=[*socket_handlers(), *options.pop("evt_handlers", [])],
        **options,
    )
    try:
        yield association
    except BaseException:
        association.abort()
        raise
    if association.is_established:
        association.release()


def store(association: Association, dataset: Dataset) -> Dataset:
    """Send one object by C-STORE and give the status part of the response."""
    response: Dataset = association.send_c_store(dataset)
    return response


def query(
    association: Association, level: str, model: UID = STUDY_ROOT_FIND, **keys: Any
) -> list[tuple[int, Dataset | None]]:
    """Ask by C-FIND; give status and Identifier of every response, the last one included.

    Parameters
    ----------
    keys
        Keys by keyword; None asks for the value.
    """
    identifier = make_identifier(level, **keys)
    return [(int(status.Status), answer) for status, answer in association.send_c_find(identifier, model)]


def make_identifier(level: str, **keys: Any) -> Dataset:
    """Make an Identifier from keywords and values."""
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def find_contexts(*models: UID) -> list[PresentationContext]:
    """Propose C-FIND in both plain transfer syntaxes; Study Root when none is named."""
    return [build_context(model, list(PLAIN_SYNTAXES)) for model in models or (STUDY_ROOT_FIND,)]


def dcmtk(program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of DCMTK's programs to its end; both output streams are in ``stdout``."""
    return subprocess.run(
        [f"/usr/bin/{program}", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "TCP_NODELAY": "1"},
    )


def store_bytes(
    association: Association, encoded: bytes, *, sop_class_uid: str, sop_instance_uid: str, context: int = 0
) -> Dataset:
    """Send any bytes as the Data Set of a C-STORE request; give the command set of the response."""
    request = C_STORE()
    request.MessageID = 7
    request.AffectedSOPClassUID = sop_class_uid
    request.AffectedSOPInstanceUID = sop_instance_uid
    request.Priority = 2
    request.DataSet = BytesIO(encoded)
    response = _exchange(association, request, context)
    return make_status(response)


def query_bytes(association: Association, encoded: bytes, model: UID = STUDY_ROOT_FIND) -> Dataset:
    """Send any bytes as the Identifier of a C-FIND request; give the first response's status part."""
    request = C_FIND()
    request.MessageID = 7
    request.AffectedSOPClassUID = model
    request.Priority = 2
    request.Identifier = BytesIO(encoded)
    return make_status(_exchange(association, request, 0))


def make_status(response: Any) -> Dataset:
    """Give Status and Error Comment of a response primitive."""
    status = Dataset()
    status.Status = response.Status
    status.ErrorComment = getattr(response, "ErrorComment", None) or ""
    return status


def _exchange(association: Association, request: Any, context: int) -> Any:
    """Send a request that pynetdicom's own methods would not make, and wait for the response."""
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.001)
    try:
        context_id = association.accepted_contexts[context].context_id
        association.dimse.send_msg(request, context_id)
        _, response = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    assert response is not None, "the association ended instead of answering"
    return response


def encoded(dataset: Dataset) -> bytes:
    """Encode a Data Set without File Meta in Explicit VR Little Endian."""
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    bare = Dataset(dataset)
    write_dataset(buffer, bare)
    return bytes(buffer.getvalue())
