"""What was sent where, and with which answer.

The storage commitments asked for deliveries are in ``storage.commitments``, the breakers in
``storage.breaker``.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from storage.breaker import Breaker, destination_down_until, note_failure, note_success
from storage.commitments import ClosedCommitment, close_commitment, open_commitment
from storage.databases import database_now
from storage.tables import delivery, instance

__all__ = [
    "Breaker",
    "ClosedCommitment",
    "Delivery",
    "close_commitment",
    "deliveries_of",
    "destination_down_until",
    "note_failure",
    "note_success",
    "open_commitment",
    "record_delivery",
]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One object sent to one destination.

    Attributes
    ----------
    status
        Status of the C-STORE response (PS3.4 B.2.3).
    committed_at
        When the destination took responsibility for the object (storage commitment); None until then.
    """

    delivery_id: int
    instance_id: int
    sop_class_uid: str
    sop_instance_uid: str
    destination: str
    status: int
    delivered_at: datetime
    committed_at: datetime | None


def record_delivery(connection: Connection, instance_id: int, destination: str, status: int) -> None:
    """Keep the answer of a destination to one object."""
    values = {
        "instance_id": instance_id,
        "destination": destination,
        "status": status,
        "delivered_at": database_now(connection),
    }
    connection.execute(insert(delivery).values(values))


def deliveries_of(connection: Connection, instance_id: int) -> list[Delivery]:
    """Give every delivery of an object, the oldest first."""
    uids = (instance.c.sop_class_uid, instance.c.sop_instance_uid)
    rows = connection.execute(
        select(*delivery.c, *uids)
        .join_from(delivery, instance)
        .where(delivery.c.instance_id == instance_id)
        .order_by(delivery.c.delivery_id)
    )
    return [Delivery(**row) for row in rows.mappings()]
