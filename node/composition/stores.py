"""Ledger and object store, which every process opens."""

from node.config.schema import Config
from node.errors import StartRefused
from node.folders import make_data_folder
from storage.errors import SchemaTooNew, SchemaTooOld
from storage.ledger import Ledger
from storage.objects import ObjectStore


def open_stores(config: Config) -> tuple[Ledger, ObjectStore]:
    """Open ledger and object store, making what is not there.

    Raises
    ------
    StartRefused
        If the data folder cannot be made, or the ledger is of another version.
    StorageFailed
        If it does not answer at the moment.
    """
    make_data_folder(config.node.data_dir)
    try:
        return Ledger.open(config.ledger_url), ObjectStore(config.objects_dir)
    except (SchemaTooNew, SchemaTooOld) as error:
        raise StartRefused(str(error)) from error
