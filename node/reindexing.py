"""Brings the index of older instances up to what newer versions keep, while the node already serves."""

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from node.config.schema import Config
from node.index import INDEXED_TAGS, index_attributes
from node.log import EventLog, describe_exception
from node.processes.lifetime import Drain
from pipeline.attributes import UNREADABLE
from storage.backfill import SEQUENCES, fill_sequences, next_to_fill
from storage.errors import StorageError
from storage.ledger import Ledger
from storage.objects import ObjectStore
from storage.values import Attributes, StoredInstance

_AT_ONCE = 50

_log = EventLog("index")


def complete_index(config: Config, ledger: Ledger, objects: ObjectStore, drain: Drain) -> None:
    """Read what a migration could not know from the files; never raises.

    What is not done at the wish to stop, or when the ledger does not answer, is done after the next start.
    """
    done = 0
    try:
        while not drain.requested and (count := _fill(config, ledger, objects)):
            done += count
    except StorageError as error:
        _log.warning("older instances are indexed another time", reason=str(error))
    if done:
        _log.info("older instances indexed", instances=done)


def _fill(config: Config, ledger: Ledger, objects: ObjectStore) -> int:
    with ledger.read() as connection:
        portion = next_to_fill(connection, SEQUENCES, _AT_ONCE)
    charsets = config.receive.undeclared_charsets
    read = {each.instance_id: _read(each, objects, charsets) for each in portion}
    with ledger.begin() as connection:
        fill_sequences(connection, read, portion[-1].instance_id if portion else None)
    return len(portion)


def _read(stored: StoredInstance, objects: ObjectStore, charsets: tuple[str, ...]) -> Attributes:
    try:
        tags = list(INDEXED_TAGS)
        header = dcmread(objects.path(stored.file), specific_tags=tags, stop_before_pixels=True)
        return index_attributes(header, undeclared_charsets=charsets)
    except (InvalidDicomError, *UNREADABLE) as error:
        _log.warning(
            "an older instance cannot be indexed",
            sop_instance_uid=stored.sop_instance_uid,
            reason=describe_exception(error),
        )
        return {}
