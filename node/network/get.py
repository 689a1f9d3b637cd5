"""The sub-operations of a C-GET, on the association of the request (PS3.4 C.4.3)."""

from collections.abc import Sequence
from typing import Any

from node.network.responder import Responder
from node.network.sender import StoreAssociation
from node.network.suboperations import Tally, send_stored
from storage.objects import ObjectStore
from storage.values import StoredInstance


def get(
    association: Any,
    objects: ObjectStore,
    found: Sequence[StoredInstance],
    tally: Tally,
    responder: Responder,
) -> None:
    """Store every object at the requestor, until it cancels or is gone.

    An object for which it offered no presentation context as SCP counts as failed; the others still go.
    """
    store = StoreAssociation(association)
    for instance in found:
        if responder.is_cancelled or not responder.is_alive:
            return
        tally.note(send_stored(store, objects, instance))
        if responder.is_alive:
            responder.pending(tally)
