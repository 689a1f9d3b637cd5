"""The node's Application Entity: listens, decides on associations, and hands each service to its handler."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import EACCES, EADDRINUSE
from types import TracebackType
from typing import Any, Self

from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_GET, C_MOVE

from node.audit.auditor import Auditor, Peer, no_auditor
from node.config.schema import Config
from node.errors import ListenFailed
from node.log import EventLog, describe_exception, silence_libraries
from node.network.access import AccessList, caller_of
from node.network.contexts import GET_MODELS, MOVE_MODELS, decodable_syntaxes, supported_contexts
from node.network.dispatch import Dispatcher, Service
from node.network.doorkeeper import TlsDoorkeeper
from node.network.extended import answer_extended
from node.network.gatekeeper import Gatekeeper
from node.network.server import AssociationServer, end_without_request
from node.network.sizes import MessageGuard
from node.network.sockets import Handler, socket_handlers
from node.network.status import EventStatus
from node.network.tls import server_contexts
from node.users import Users
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

CommitmentHandler = Callable[[int, Dataset], int]
"""Takes the event type and the Event Information of a storage commitment report, gives the status."""

_HALF_OPEN_FACTOR = 4
_ABORT_WAIT_S = 2.0

_log = EventLog("network")


@dataclass(frozen=True, slots=True)
class Services:
    """What the node does with requests.

    Attributes
    ----------
    store
        Handler of EVT_C_STORE.
    find
        Handler of EVT_C_FIND.
    retrieve
        Serves C-MOVE and C-GET.
    commit
        Handler of EVT_N_ACTION.
    commitment_report
        Takes the reports of storage commitment that destinations send on an association of their own.
    """

    store: Callable[[Any], Any]
    find: Callable[[Any], Any]
    retrieve: Service
    commit: Callable[[Any], Any]
    commitment_report: CommitmentHandler


class ApplicationEntity:
    """Our AE as acceptor.

    Attributes
    ----------
    port
        The plain port that is open; with a configured port of 0 the one that the system chose. 0 before the
        start, and where only the TLS port is open.
    tls_port
        The same for TLS; 0 without.
    """

    def __init__(
        self,
        config: Config,
        access: AccessList,
        services: Services,
        *,
        image_syntaxes: Sequence[str] | None = None,
        auditor: Auditor | None = None,
    ) -> None:
        self._config = config
        self._access = access
        self._services = services
        self._image_syntaxes = image_syntaxes
        users = Users(config.access.users) if config.access.users else None
        self._auditor = auditor or no_auditor()
        self._gatekeeper = Gatekeeper(access, config.limits.max_associations, users, self._auditor)
        self._guard = MessageGuard(config.limits)
        self._servers: list[AssociationServer] = []
        self.port = 0
        self.tls_port = 0

    def start(self) -> None:
        """Open the ports and accept associations, in threads of their own.

        Raises
        ------
        ListenFailed
            If a port cannot be opened.
        TlsUnusable
            If there shall be a TLS port and the files for it cannot be used.
        """
        silence_libraries()
        tls, entity = self._config.tls, self._make_ae()
        doorkeeper = self._make_doorkeeper() if tls.listens else None
        if tls.plain:
            self.port = self._open(entity, "node.port", self._config.node.port)
        if doorkeeper is not None:
            self.tls_port = self._open(entity, "tls.port", tls.port, doorkeeper)

    def _open(self, entity: AE, key: str, port: int, doorkeeper: TlsDoorkeeper | None = None) -> int:
        """Open one port and give its number."""
        node = self._config.node
        syntaxes = decodable_syntaxes() if self._image_syntaxes is None else self._image_syntaxes
        try:
            server = AssociationServer(
                entity,
                (node.listen, port),
                node.ae_title,
                supported_contexts(syntaxes),
                evt_handlers=list[Any](self._handlers()),
                secure=doorkeeper,
            )
        except OSError as error:
            self.stop(0)
            raise ListenFailed(
                f"cannot listen on {node.listen}, port {port}: {error.strerror}; {_cure(error, key)}"
            ) from error
        self._servers.append(server)
        opened: int = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.1,), name="listener", daemon=True).start()
        _log.info(
            "listening", ae_title=node.ae_title, address=node.listen, port=opened, tls=doorkeeper is not None
        )
        return opened

    def _make_doorkeeper(self) -> TlsDoorkeeper:
        contexts = server_contexts(self._config.tls)
        contexts.current()
        return TlsDoorkeeper(contexts, self._config.limits.acse_timeout_s, self._alarm)

    def _alarm(self, address: str, reason: str) -> None:
        self._auditor.peer_refused(Peer("", address, is_requestor=True), f"TLS: {reason}")

    def stop(self, drain_s: float | None = None) -> None:
        """Accept nothing new, let open associations end, then abort the rest.

        Parameters
        ----------
        drain_s
            How long to wait for open associations; None takes the configured time.
        """
        servers, self._servers = self._servers, []
        for server in servers:
            server.stop_listening()
            server.let_go_of_silent()
        drain_s = self._config.limits.drain_timeout_s if drain_s is None else drain_s
        deadline = time.monotonic() + drain_s
        for server in servers:
            server.wait_for_associations(deadline - time.monotonic())
        left = [association for server in servers for association in server.active_associations]
        for association in left:
            association.abort()
        for server in servers:
            server.wait_for_associations(_ABORT_WAIT_S)
            _log.info("stopped", port=server.server_address[1], aborted=len(left))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def associations(self) -> int:
        """Count the connections that are open."""
        return sum(len(server.active_associations) for server in self._servers)

    def _make_ae(self) -> AE:
        limits = self._config.limits
        entity = AE(self._config.node.ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        entity.maximum_pdu_size = limits.max_pdu_bytes
        entity.acse_timeout = limits.acse_timeout_s
        entity.dimse_timeout = limits.dimse_timeout_s
        entity.network_timeout = limits.network_timeout_s
        # The gatekeeper counts established associations; this only bounds those that say nothing.
        entity.maximum_associations = limits.max_associations * _HALF_OPEN_FACTOR + 1
        return entity

    def _handlers(self) -> list[Handler]:
        handlers: list[Handler] = [
            *socket_handlers(),
            (evt.EVT_CONN_OPEN, self._dispatcher()),
            (evt.EVT_CONN_CLOSE, end_without_request),
            (evt.EVT_REQUESTED, self._gatekeeper),
            (evt.EVT_PDU_RECV, self._guard),
            (evt.EVT_DIMSE_SENT, self._guard.note_answer),
            (evt.EVT_C_ECHO, self._echo),
            (evt.EVT_C_STORE, self._services.store),
            (evt.EVT_C_FIND, self._services.find),
            (evt.EVT_SOP_EXTENDED, answer_extended),
            (evt.EVT_N_EVENT_REPORT, self._event_report),
            (evt.EVT_N_ACTION, self._services.commit),
        ]
        return handlers

    def _dispatcher(self) -> Dispatcher:
        retrieve = self._services.retrieve
        services = {(model, C_MOVE): retrieve for model in MOVE_MODELS}
        return Dispatcher(services | {(model, C_GET): retrieve for model in GET_MODELS})

    def _echo(self, event: Any) -> int:
        caller = caller_of(event.assoc)
        _log.debug("echo", calling_ae_title=caller.calling_ae_title, address=caller.address)
        return 0x0000

    def _event_report(self, event: Any) -> tuple[int, None]:
        """Hand a storage commitment report on; never raises."""
        try:
            status = self._services.commitment_report(event.event_type, event.event_information)
        except Exception as error:  # noqa: BLE001 - the boundary: no report may end an association
            _log.error("commitment report failed", error=describe_exception(error))
            return EventStatus.PROCESSING_FAILURE, None
        return status, None


def _cure(error: OSError, key: str) -> str:
    if error.errno == EADDRINUSE:
        return f"is another node running? Set {key}"
    if error.errno == EACCES:
        return f"ports below 1024 need a privilege. Set {key}"
    return "set node.listen to an address of this machine"
