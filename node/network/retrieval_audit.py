"""What the audit trail says of a C-MOVE or C-GET: who asked, who got which studies, and what failed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from node.audit.auditor import Auditor, Peer
from node.audit.transfers import Transfer, describe
from node.config.destinations import DestinationConfig
from node.network.access import Caller
from node.network.suboperations import Tally
from storage.ledger import Ledger
from storage.patients import patients_of
from storage.values import StoredInstance


@contextmanager
def audited(
    auditor: Auditor,
    ledger: Ledger,
    caller: Caller,
    destination: DestinationConfig | None,
    sent: tuple[Sequence[StoredInstance], Tally],
) -> Iterator[None]:
    """Record the begin and the end of a retrieval around its sub-operations.

    Parameters
    ----------
    destination
        None for C-GET: the caller itself.
    sent
        What is sent, in its order, and the count of what was.

    Raises
    ------
    StorageFailed
        If the ledger does not tell whose studies they are; nothing was sent then.
    """
    found, tally = sent
    with ledger.read() as connection:
        known = patients_of(connection, (each.study_instance_uid for each in found))
    parts = {study_uid: describe(attributes) for study_uid, attributes in known.items()}
    transfer = _transfer(auditor, caller, destination)
    for each in found:
        transfer.begin(parts[each.study_instance_uid], each.sop_class_uid)
    try:
        yield
    finally:
        failed = set(tally.failed)
        for each in found[: len(found) - tally.remaining]:
            transfer.begin(parts[each.study_instance_uid], each.sop_class_uid)
            transfer.end(failure=tally.reason or "not stored" if each.sop_instance_uid in failed else "")
        transfer.close()


def _transfer(auditor: Auditor, caller: Caller, destination: DestinationConfig | None) -> Transfer:
    if destination is None:
        return Transfer(auditor, caller.as_peer, is_sent=True)
    there = Peer(destination.ae_title, destination.host, is_requestor=False)
    return Transfer(auditor, there, is_sent=True, requestor=caller.as_peer)
