"""Every radiograph in the ledger with its patient, for exports and campaigns."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from storage.instances import STORED, to_stored
from storage.tables import instance, study
from storage.values import Role, StoredInstance

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Source:
    """A radiograph.

    Attributes
    ----------
    patient_key
        Tells patients apart, see ``storage.instances.patient_key``; it holds their IDs or names.
    """

    film: StoredInstance
    patient_key: str


def sources(
    connection: Connection, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Source]:
    """Give the radiographs in the order of their arrival: the first bytes seen under each UID.

    Parameters
    ----------
    since, until
        Bounds of the moment of receipt; since belongs to it, until does not.
    """
    wanted = STORED.add_columns(study.c.patient_key).where(
        instance.c.role == Role.SOURCE, instance.c.variant == 0
    )
    if since is not None:
        wanted = wanted.where(instance.c.received_at >= since)
    if until is not None:
        wanted = wanted.where(instance.c.received_at < until)
    last = 0
    while True:
        page = wanted.where(instance.c.instance_id > last).order_by(instance.c.instance_id).limit(_PAGE)
        rows = connection.execute(page).mappings().all()
        for row in rows:
            yield Source(to_stored(row), row["patient_key"])
        if len(rows) < _PAGE:
            return
        last = rows[-1]["instance_id"]
