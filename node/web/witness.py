"""Writes into the audit trail who searched, read and stored what over the web (PS3.15 A.5.3)."""

from collections.abc import Iterable

from node.audit.auditor import Auditor, Peer, StudyPart
from node.audit.transfers import describe
from node.errors import WebRefused
from node.log import EventLog, describe_exception
from node.network.contexts import STUDY_ROOT_FIND
from node.web.inquiry import Inquiry
from node.web.upload import Taken
from node.web.visitors import ANONYMOUS, Visitor
from storage.errors import StorageError
from storage.ledger import Ledger
from storage.matching import Level, OneOf
from storage.query import find
from storage.retrieval import instances

_LONGEST_UID = 64

_log = EventLog("web")


class Witness:
    """Sees every request that was answered; its own failures stop nobody."""

    def __init__(self, auditor: Auditor, ledger: Ledger) -> None:
        self._auditor = auditor
        self._ledger = ledger

    def searched(self, inquiry: Inquiry, *, failure: str = "") -> None:
        """Record a search, with its whole query (A.5.3.10)."""
        self._auditor.queried(
            _peer(inquiry.visitor),
            str(STUDY_ROOT_FIND),
            inquiry.address.encode(),
            "",
            failure=failure,
        )

    def retrieved(self, inquiry: Inquiry, *, failure: str = "") -> None:
        """Record that objects were sent, or why they were not (A.5.3.7)."""
        for part in self._parts(inquiry):
            self._auditor.transferred(_peer(inquiry.visitor), part, is_sent=True, failure=failure)

    def looked_at(self, inquiry: Inquiry, *, failure: str = "") -> None:
        """Record that somebody looked at headers, frames or pictures, or tried to (A.5.3.6)."""
        for part in self._parts(inquiry):
            self._auditor.instances_accessed(_peer(inquiry.visitor), part, failure=failure)

    def stored(self, visitor: Visitor, taken: Iterable[Taken]) -> None:
        """Record that objects came in, or did not (A.5.3.7)."""
        parts: dict[tuple[str, str], StudyPart] = {}
        for each in taken:
            failure = "" if each.is_stored else f"status {each.status:04X}"
            key = (each.study_instance_uid, failure)
            if key not in parts:
                parts[key] = self._described(each.study_instance_uid)
            parts[key].count(each.sop_class_uid)
        for (_, failure), part in parts.items():
            self._auditor.transferred(_peer(visitor), part, is_sent=False, failure=failure)

    def refused(self, address: str, reason: str) -> None:
        """Record that somebody was turned away (A.5.3.11)."""
        self._auditor.peer_refused(Peer("", address, is_requestor=True), reason)

    def _parts(self, inquiry: Inquiry) -> list[StudyPart]:
        try:
            keys = {keyword: (uid,) for keyword, uid in inquiry.keys.items()}
        except WebRefused:
            return [StudyPart(inquiry.path["study"][:_LONGEST_UID])]
        try:
            with self._ledger.read() as connection:
                found = instances(connection, inquiry.level, keys)
        except StorageError as error:
            _log.error("audit message lost", error=describe_exception(error))
            return []
        part = self._described(inquiry.keys["StudyInstanceUID"])
        for stored in found:
            part.count(stored.sop_class_uid)
        return [part]

    def _described(self, study_uid: str) -> StudyPart:
        """Name study and patient; the study alone where the ledger has it not or does not answer."""
        try:
            with self._ledger.read() as connection:
                for entry in find(connection, Level.STUDY, {"StudyInstanceUID": OneOf((study_uid,))}):
                    return describe(entry)
        except StorageError as error:
            _log.error("patient of an audit message not found", error=describe_exception(error))
        return StudyPart(study_uid)


def _peer(visitor: Visitor) -> Peer:
    name = "" if visitor.name == ANONYMOUS else visitor.name
    return Peer("", visitor.address, is_requestor=True, user_id=name, user_name=name)
