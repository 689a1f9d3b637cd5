"""What a migration adds to the index has to be read from the files of older instances, portion by portion."""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select, update

from storage.databases import insert_new
from storage.instances import STORED, to_stored
from storage.sequences import to_item_rows
from storage.tables import backfill, instance, sequence_item
from storage.values import Attributes, StoredInstance

SEQUENCES = "sequences"
"""Items of sequences, of all that was received before they were indexed."""


def next_to_fill(connection: Connection, name: str, limit: int) -> list[StoredInstance]:
    """Give instances that still have to be read, the oldest first; none when all is done."""
    note = connection.execute(select(backfill).where(backfill.c.name == name)).one_or_none()
    if note is None:
        return []
    is_open = instance.c.instance_id.between(note.next_instance_id, note.last_instance_id)
    rows = connection.execute(STORED.where(is_open).order_by(instance.c.instance_id).limit(limit))
    return [to_stored(row) for row in rows.mappings()]


def fill_sequences(
    connection: Connection, read: Mapping[int, Attributes], last_instance_id: int | None
) -> None:
    """Enter the items of instances by their ``instance_id``, and go on behind the last of the portion.

    Parameters
    ----------
    last_instance_id
        None when nothing is left.
    """
    this = backfill.c.name == SEQUENCES
    if last_instance_id is None:
        connection.execute(delete(backfill).where(this))
        return
    note = connection.scalar(select(backfill.c.next_instance_id).where(this))
    if note is None or note > last_instance_id:
        return  # another process was first
    rows = [row for number, attributes in read.items() for row in to_item_rows(attributes, number)]
    if rows:
        connection.execute(insert_new(connection, sequence_item), rows)
    connection.execute(update(backfill).where(this).values(next_instance_id=last_instance_id + 1))
