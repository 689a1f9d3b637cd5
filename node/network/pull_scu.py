"""C-MOVE and C-GET as SCU: have a PACS send objects to this node (PS3.4 C.4.2, C.4.3).

C-MOVE only asks: the objects come to the node's own receiver. By C-GET they come over the association of the
request, in presentation contexts for which the peer takes the role of the SCU (PS3.7 D.3.3.4).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context, build_role

from node.audit.auditor import Auditor, Peer
from node.audit.transfers import Transfer
from node.config.destinations import DestinationConfig
from node.errors import FetchFailed, FetchRefused
from node.network.access import Caller
from node.network.contexts import PLAIN_SYNTAXES, STUDY_ROOT_GET, STUDY_ROOT_MOVE
from node.network.intake import Intake, StoreRequest
from node.network.requestor import open_association
from node.network.status import status_dataset

_MESSAGE_ID = 1
_LOW_PRIORITY = 2
_MOST_CONTEXTS = 120
_PENDING = 0xFF00
_ENDED = (0x0000, 0xB000, 0xFE00)
_UNKNOWN_DESTINATION = 0xA801
_NEVER = (0x0105, 0x0122, 0x0124, 0x0211)
"""Not authorised in two wordings, SOP Class not supported, unrecognised operation."""
_RESOURCES = (0xA700, 0xA701, 0xA702)

Watch = Callable[[], bool]
"""Called after each response; True asks the peer to cancel."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """How a retrieval ended, by the peer's own account.

    Attributes
    ----------
    failed
        Sub-operations that failed.
    """

    status: int
    failed: int


def move(destination: DestinationConfig, node_ae_title: str, identifier: Dataset, watch: Watch) -> Pulled:
    """Have a peer send objects to this node's receiver.

    Parameters
    ----------
    node_ae_title
        The move destination, and the calling AE title where the destination's configuration names none.

    Raises
    ------
    AssociationRefused
        If the peer cannot be reached.
    FetchRefused
        If it does not know this node, or does not offer C-MOVE.
    FetchFailed
        If it answers another failure.
    """
    contexts = [build_context(STUDY_ROOT_MOVE, list(PLAIN_SYNTAXES))]
    with open_association(destination, node_ae_title, contexts) as association:
        _require(destination, association, STUDY_ROOT_MOVE, "C-MOVE", "get")
        responses = association.send_c_move(
            identifier, node_ae_title, STUDY_ROOT_MOVE, _MESSAGE_ID, _LOW_PRIORITY
        )
        return _follow(responses, association, STUDY_ROOT_MOVE, watch, _Wording(destination, node_ae_title))


@dataclass(frozen=True, slots=True)
class Getter:
    """Retrieves by C-GET, straight into the intake.

    Attributes
    ----------
    syntaxes
        Transfer syntaxes that the node takes, the preferred first.
    auditor
        Is told of each retrieval and what came of it.
    """

    destination: DestinationConfig
    node_ae_title: str
    intake: Intake
    syntaxes: Sequence[UID]
    auditor: Auditor

    def get(self, identifier: Dataset, sop_classes: Sequence[str], watch: Watch) -> Pulled:
        """Have the peer send objects of some SOP Classes.

        Raises
        ------
        AssociationRefused
            If the peer cannot be reached.
        FetchRefused
            If it does not offer C-GET.
        FetchFailed
            If it answers another failure.
        """
        model = build_context(STUDY_ROOT_GET, list(PLAIN_SYNTAXES))
        contexts = [model, *_storage_contexts(sop_classes, self.syntaxes)]
        roles = [build_role(UID(sop_class), scp_role=True) for sop_class in sop_classes]
        peer = Peer(self.destination.ae_title, self.destination.host, is_requestor=False)
        transfer = Transfer(self.auditor, peer, is_sent=False)
        handlers = [(evt.EVT_C_STORE, partial(self._store, transfer))]
        try:
            with open_association(
                self.destination, self.node_ae_title, contexts, handlers, roles
            ) as association:
                _require(self.destination, association, STUDY_ROOT_GET, "C-GET", "move")
                responses = association.send_c_get(identifier, STUDY_ROOT_GET, _MESSAGE_ID, _LOW_PRIORITY)
                wording = _Wording(self.destination, self.node_ae_title)
                return _follow(responses, association, STUDY_ROOT_GET, watch, wording)
        finally:
            transfer.close()

    def _store(self, transfer: Transfer, event: Any) -> Dataset:
        """Take one object in (handler of EVT_C_STORE); never raises."""
        request, context = event.request, event.context
        own_ae_title = self.destination.calling_ae_title or self.node_ae_title
        stored = StoreRequest(
            sop_class_uid=str(request.AffectedSOPClassUID or ""),
            sop_instance_uid=str(request.AffectedSOPInstanceUID or ""),
            transfer_syntax=UID(context.transfer_syntax),
            accepted_class_uid=str(context.abstract_syntax),
            caller=Caller(self.destination.ae_title, own_ae_title, _address(event.assoc)),
            data_set=request.DataSet,
            move_originator=own_ae_title,
            transfer=transfer,
        )
        return status_dataset(*self.intake.take(stored))


def _address(association: Association) -> str:
    """Give the IP address of the other end."""
    connection: Any = association.dul.socket
    return str(connection.socket.getpeername()[0])


def _storage_contexts(sop_classes: Sequence[str], syntaxes: Sequence[UID]) -> Iterable[PresentationContext]:
    """Propose each transfer syntax alone where that fits: the peer can then send what it holds as it is."""
    if len(sop_classes) * len(syntaxes) <= _MOST_CONTEXTS:
        return [build_context(sop_class, syntax) for sop_class in sop_classes for syntax in syntaxes]
    return [build_context(sop_class, list(syntaxes)) for sop_class in sop_classes[:_MOST_CONTEXTS]]


def _require(
    destination: DestinationConfig, association: Association, model: UID, service: str, other: str
) -> None:
    if not any(context.abstract_syntax == model for context in association.accepted_contexts):
        raise FetchRefused(
            f"{destination.name} does not offer {service} to {association.requestor.ae_title.strip()}; "
            f"allow it there, or set destinations.retrieve: {other}"
        )


@dataclass(frozen=True, slots=True)
class _Wording:
    """Says what a failure means and what to do about it."""

    destination: DestinationConfig
    node_ae_title: str

    def error(self, status: int | None) -> FetchFailed:
        """Give the error of a final status; None stands for silence."""
        name = self.destination.name
        if status is None:
            return FetchFailed(f"{name} stopped answering during the retrieval")
        if status == _UNKNOWN_DESTINATION:
            return FetchRefused(
                f"{name} does not know the move destination {self.node_ae_title} (status A801H): enter it "
                "there with this node's host and port, or set destinations.retrieve: get"
            )
        if status in _NEVER:
            return FetchRefused(f"{name} does not allow this node to retrieve (status {status:04X}H)")
        if status in _RESOURCES:
            return FetchFailed(f"{name} is short of resources (status {status:04X}H)")
        hint = ""
        if self.destination.retrieve == "move":
            hint = f"; does it know the move destination {self.node_ae_title}?"
        return FetchFailed(f"{name} ended the retrieval with status {status:04X}H{hint}")


def _follow(
    responses: Iterator[tuple[Dataset, Dataset | None]],
    association: Association,
    model: UID,
    watch: Watch,
    wording: _Wording,
) -> Pulled:
    """Read responses to the last."""
    is_cancelled = False
    for response, _ in responses:
        status = response.get("Status")
        if status is None:
            raise wording.error(None)
        if watch() and not is_cancelled and status == _PENDING:
            association.send_c_cancel(_MESSAGE_ID, query_model=model)
            is_cancelled = True
        if status in _ENDED:
            return Pulled(status, int(response.get("NumberOfFailedSuboperations", 0) or 0))
        if status != _PENDING:
            raise wording.error(status)
    raise wording.error(None)
