"""C-FIND SCP for the Patient Root and Study Root models, over sources and results alike (PS3.4 C.4.1)."""

import time
from collections.abc import Iterator
from typing import Any

from pydicom import Dataset
from pydicom.uid import UID

from node.audit.auditor import Auditor, no_auditor
from node.config.schema import Config
from node.errors import IdentifierRefused, UnreadableDataSet
from node.log import EventLog, describe_exception
from node.network.access import AccessList, caller_of
from node.network.extended import query_options
from node.network.identifier import FindRequest, read_identifier
from node.network.part10 import read_whole
from node.network.responses import ResponseMaker
from node.network.status import FindStatus, status_dataset
from storage.errors import StorageFailed
from storage.ledger import Ledger
from storage.query import find

Answer = tuple[Dataset, Dataset | None]
"""Status part and Identifier of one response."""

_log = EventLog("query")


class QueryService:
    """Handler of EVT_C_FIND."""

    def __init__(
        self, ledger: Ledger, access: AccessList, config: Config, auditor: Auditor | None = None
    ) -> None:
        self._auditor = auditor or no_auditor()
        self._ledger = ledger
        self._access = access
        self._config = config

    def __call__(self, event: Any) -> Iterator[Answer]:
        """Answer one query; never raises."""
        started, count = time.perf_counter(), 0
        status: int = FindStatus.SUCCESS
        comment = ""
        try:
            for answer in self._answers(event):
                yield answer
                count += 1
        except _Ended as end:
            status, comment = end.status, end.comment
        except IdentifierRefused as refusal:
            status, comment = refusal.status, str(refusal)
        except UnreadableDataSet as error:
            status, comment = FindStatus.UNABLE_TO_PROCESS, str(error)
        except StorageFailed as error:
            status, comment = FindStatus.OUT_OF_RESOURCES, "the ledger refuses at the moment"
            _log.error("storage failed", error=str(error))
        except Exception as error:  # noqa: BLE001 - the boundary: no query may end an association
            status, comment = FindStatus.UNABLE_TO_PROCESS, "internal error, see the log of the node"
            _log.error("query failed", error=describe_exception(error))
        finally:
            # A peer that leaves before the last match has seen the others.
            self._audit(event, status)
        _log.info(
            "query answered",
            calling_ae_title=caller_of(event.assoc).calling_ae_title,
            status=f"{status:04X}",
            comment=comment or None,
            responses=count,
            seconds=time.perf_counter() - started,
        )
        yield status_dataset(status, comment), None

    def _audit(self, event: Any, status: int) -> None:
        identifier, context = event.request.Identifier, event.context
        self._auditor.queried(
            caller_of(event.assoc).as_peer,
            str(context.abstract_syntax),
            identifier.getvalue() if identifier is not None else b"",
            str(context.transfer_syntax),
            failure="" if status in (FindStatus.SUCCESS, FindStatus.CANCELLED) else f"status {status:04X}",
        )

    def _answers(self, event: Any) -> Iterator[Answer]:
        caller = caller_of(event.assoc)
        if "query" not in self._access.services(caller):
            raise _Ended(FindStatus.NOT_AUTHORISED, "this AE may not query here")
        request = self._read(event)
        maker = ResponseMaker(request, self._config.node.ae_title)
        pending = FindStatus.PENDING_WARNING if request.is_partial else FindStatus.PENDING
        limit = self._config.limits.query_limit
        with self._ledger.read() as connection:
            rows = find(connection, request.level, request.matches, limit=limit + 1 if limit else None)
            for number, row in enumerate(rows, start=1):
                if event.is_cancelled:
                    raise _Ended(FindStatus.CANCELLED, "")
                if limit and number > limit:
                    raise _Ended(FindStatus.OUT_OF_RESOURCES, f"more than {limit} matches, ask more narrowly")
                yield status_dataset(pending), maker.make(row)

    def _read(self, event: Any) -> FindRequest:
        syntax, model = UID(event.context.transfer_syntax), UID(event.context.abstract_syntax)
        encoded = event.request.Identifier
        if encoded is None:
            raise IdentifierRefused(FindStatus.IDENTIFIER_MISMATCH, "the request has no Identifier")
        identifier = read_whole(encoded.getvalue(), syntax)
        return read_identifier(
            identifier,
            model,
            options=query_options(event.assoc, model),
            undeclared=self._config.receive.undeclared_charsets,
        )


class _Ended(Exception):
    """The query ends before its last match."""

    def __init__(self, status: FindStatus, comment: str) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment
