"""Puts the objects of one transfer together, study by study: a message at its begin, and one at its end."""

import threading
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from node.audit.auditor import Auditor, Peer, StudyPart

MOST_INSTANCES = 500
"""Of one study before the messages are written though more may come: an association can last for days."""


class Transfer:
    """What goes over one association in one direction.

    Used by one thread at a time; close it at the end, whatever that is.
    """

    def __init__(self, auditor: Auditor, peer: Peer, *, is_sent: bool, requestor: Peer | None = None) -> None:
        self._auditor = auditor
        self._peer = peer
        self._is_sent = is_sent
        self._requestor = requestor
        self._done: dict[str, StudyPart] = {}
        self._failed: dict[tuple[str, str], StudyPart] = {}
        self._current: tuple[StudyPart, str] | None = None

    def begin(self, described: StudyPart, sop_class_uid: str) -> None:
        """Note that an object begins its way; only the first of a study is told."""
        self._current = (described, sop_class_uid)
        if described.study_uid not in self._done:
            self._done[described.study_uid] = _like(described)
            told = _like(described)
            told.count(sop_class_uid)
            self._auditor.transfer_begun(self._peer, told, is_sent=self._is_sent, requestor=self._requestor)

    def end(self, *, failure: str = "") -> None:
        """Note that the object that was begun arrived, or why it did not; without one nothing is noted."""
        if self._current is None:
            return
        (described, sop_class_uid), self._current = self._current, None
        if failure:
            key = (described.study_uid, failure)
            self._failed.setdefault(key, _like(described)).count(sop_class_uid)
            return
        part = self._done[described.study_uid]
        part.count(sop_class_uid)
        if sum(part.instances.values()) >= MOST_INSTANCES:
            self._tell(part)
            self._done[described.study_uid] = _like(described)

    def close(self) -> None:
        """Write what is not written yet: first what went well, then what did not."""
        done, self._done = self._done, {}
        failed, self._failed = self._failed, {}
        for part in done.values():
            if part.instances:
                self._tell(part)
        for (_, failure), part in failed.items():
            self._tell(part, failure)

    def _tell(self, part: StudyPart, failure: str = "") -> None:
        self._auditor.transferred(
            self._peer, part, is_sent=self._is_sent, failure=failure, requestor=self._requestor
        )


class Transfers:
    """The transfers on the associations of a process, by the association."""

    def __init__(self, auditor: Auditor) -> None:
        self._auditor = auditor
        self._lock = threading.Lock()
        self._open: WeakKeyDictionary[object, Transfer] = WeakKeyDictionary()

    def find(self, association: object) -> Transfer | None:
        """Give the transfer on an association; None where none is open."""
        with self._lock:
            return self._open.get(association)

    def open(self, association: object, peer: Peer) -> Transfer:
        """Begin the transfer from the peer on an association."""
        transfer = Transfer(self._auditor, peer, is_sent=False)
        with self._lock:
            self._open[association] = transfer
        return transfer

    def close(self, association: object) -> None:
        """Write the end of the transfer on an association that is over."""
        with self._lock:
            transfer = self._open.pop(association, None)
        if transfer is not None:
            transfer.close()


def describe(attributes: Mapping[str, object]) -> StudyPart:
    """Name study and patient by the indexed attributes of an object."""

    def text(keyword: str) -> str:
        return str(attributes.get(keyword) or "")

    patient_id, name = text("PatientID"), text("PatientName")
    return StudyPart(text("StudyInstanceUID"), patient_id, name, text("AccessionNumber"))


def _like(part: StudyPart) -> StudyPart:
    return StudyPart(part.study_uid, part.patient_id, part.patient_name, part.accession)
