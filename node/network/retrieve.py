"""C-MOVE and C-GET SCP for Patient Root and Study Root, over sources and results (PS3.4 C.4.2, C.4.3)."""

import time
from dataclasses import dataclass
from typing import Any

from pydicom.uid import UID
from pynetdicom.dimse_primitives import C_MOVE

from node.audit.auditor import Auditor, no_auditor
from node.config.destinations import DestinationConfig
from node.config.schema import Config
from node.errors import IdentifierRefused, RequestRefused, UnreadableDataSet
from node.log import EventLog, describe_exception
from node.network.access import AccessList, Caller, caller_of
from node.network.extended import is_relational
from node.network.get import get
from node.network.move import Move, move
from node.network.part10 import read_whole
from node.network.responder import Responder
from node.network.retrieval_audit import audited
from node.network.retrieve_keys import RetrieveRequest, read_keys
from node.network.sender import MoveOriginator, Sender
from node.network.status import RetrieveStatus
from node.network.suboperations import MOST_SUBOPERATIONS, Tally
from storage.errors import StorageFailed
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.retrieval import instances
from storage.values import StoredInstance

_log = EventLog("retrieve")


@dataclass(slots=True)
class _Retrieval:
    """One request and how far it is; no tally before the first sub-operation."""

    association: Any
    request: Any
    context: Any
    caller: Caller
    responder: Responder
    tally: Tally | None = None


class RetrieveService:
    """Serves C-MOVE and C-GET requests, each to its end."""

    def __init__(
        self,
        ledger: Ledger,
        objects: ObjectStore,
        access: AccessList,
        config: Config,
        auditor: Auditor | None = None,
    ) -> None:
        self._auditor = auditor or no_auditor()
        self._ledger = ledger
        self._objects = objects
        self._access = access
        self._config = config

    def __call__(self, association: Any, request: Any, context: Any) -> None:
        """Answer one request with all its responses; never raises.

        Parameters
        ----------
        association
            The association that we accepted.
        request
            A C-MOVE or C-GET primitive.
        context
            Its accepted presentation context.
        """
        started = time.perf_counter()
        responder = Responder(association, request, context)
        retrieval = _Retrieval(association, request, context, caller_of(association), responder)
        try:
            status, comment = self._retrieve(retrieval)
        except (IdentifierRefused, RequestRefused) as refusal:
            status, comment = refusal.status, str(refusal)
        except UnreadableDataSet as error:
            status, comment = RetrieveStatus.UNABLE_TO_PROCESS, str(error)
        except StorageFailed as error:
            status, comment = RetrieveStatus.CANNOT_COUNT, "the ledger refuses at the moment"
            _log.error("storage failed", error=str(error))
        except Exception as error:  # noqa: BLE001 - the boundary: no request may end an association
            status, comment = RetrieveStatus.UNABLE_TO_PROCESS, "internal error, see the log of the node"
            _log.error("retrieve failed", error=describe_exception(error))
        responder.final(status, retrieval.tally, comment)
        self._report(retrieval, status, comment, time.perf_counter() - started)

    def _retrieve(self, retrieval: _Retrieval) -> tuple[int, str]:
        if "retrieve" not in self._access.services(retrieval.caller):
            raise RequestRefused(RetrieveStatus.NOT_AUTHORISED, "this AE may not retrieve here")
        wanted = self._read(retrieval)
        is_move = isinstance(retrieval.request, C_MOVE)
        destination = self._destination(retrieval.request) if is_move else None
        found = self._find(wanted)
        tally = retrieval.tally = Tally(remaining=len(found))
        with audited(self._auditor, self._ledger, retrieval.caller, destination, (found, tally)):
            self._send(retrieval, destination, found, tally)
        if tally.remaining:
            if retrieval.responder.is_cancelled:
                return RetrieveStatus.CANCELLED, ""
            raise RequestRefused(RetrieveStatus.UNABLE_TO_PROCESS, "ended before the last sub-operation")
        return tally.status, tally.comment

    def _send(
        self,
        retrieval: _Retrieval,
        destination: DestinationConfig | None,
        found: list[StoredInstance],
        tally: Tally,
    ) -> None:
        if destination is None:
            get(retrieval.association, self._objects, found, tally, retrieval.responder)
        elif found:
            message_id = int(retrieval.request.MessageID)
            originator = MoveOriginator(retrieval.caller.calling_ae_title, message_id)
            sender = Sender(destination, self._config.node.ae_title)
            move(Move(sender, self._objects, found, originator), tally, retrieval.responder)

    def _read(self, retrieval: _Retrieval) -> RetrieveRequest:
        if retrieval.request.Identifier is None:
            raise RequestRefused(RetrieveStatus.IDENTIFIER_MISMATCH, "the request has no Identifier")
        syntax = UID(retrieval.context.transfer_syntax[0])
        identifier = read_whole(retrieval.request.Identifier.getvalue(), syntax)
        model = UID(retrieval.context.abstract_syntax)
        return read_keys(identifier, model, relational=is_relational(retrieval.association, model))

    def _destination(self, request: C_MOVE) -> DestinationConfig:
        ae_title = str(request.MoveDestination or "").strip()
        for destination in self._config.destinations:
            if destination.ae_title == ae_title:
                return destination
        raise RequestRefused(
            RetrieveStatus.UNKNOWN_DESTINATION, "the move destination is not among this node's destinations"
        )

    def _find(self, wanted: RetrieveRequest) -> list[StoredInstance]:
        with self._ledger.read() as connection:
            found = instances(connection, wanted.level, wanted.keys)
        if len(found) > MOST_SUBOPERATIONS:
            raise RequestRefused(
                RetrieveStatus.CANNOT_COUNT, f"{len(found)} objects; at most {MOST_SUBOPERATIONS} at once"
            )
        return found

    def _report(self, retrieval: _Retrieval, status: int, comment: str, seconds: float) -> None:
        tally = retrieval.tally or Tally(remaining=0)
        request = retrieval.request
        _log.info(
            "retrieve answered",
            service="C-MOVE" if isinstance(request, C_MOVE) else "C-GET",
            calling_ae_title=retrieval.caller.calling_ae_title,
            destination=str(getattr(request, "MoveDestination", "") or "").strip() or None,
            status=f"{status:04X}",
            comment=comment or None,
            completed=tally.completed,
            failed=len(tally.failed),
            warnings=tally.warnings,
            remaining=tally.remaining,
            seconds=seconds,
        )
