"""What the node holds: the instances that a path names, and their bytes as a client takes them."""

from collections.abc import Mapping, Sequence

from pydicom.uid import ExplicitVRLittleEndian

from node.errors import WebRefused
from node.log import EventLog
from node.web.media import ANY_SYNTAX
from pipeline.codecs.transcode import TARGETS, transcode
from pipeline.errors import PipelineError
from storage.errors import ObjectMissing
from storage.ledger import Ledger
from storage.matching import Level
from storage.objects import ObjectStore
from storage.retrieval import instances
from storage.values import StoredInstance

DEFAULT_SYNTAX = str(ExplicitVRLittleEndian)
"""Of application/dicom and application/octet-stream (PS3.18 8.7.3)."""

_NAMES = {Level.STUDY: "study", Level.SERIES: "series", Level.IMAGE: "instance"}

_log = EventLog("web")


class Holdings:
    """Ledger and object store as retrieval sees them; shared by threads."""

    def __init__(self, ledger: Ledger, objects: ObjectStore) -> None:
        self._ledger = ledger
        self._objects = objects

    def find(self, level: Level, keys: Mapping[str, str]) -> list[StoredInstance]:
        """Give the instances of one study, series or instance, in an order that stays.

        Raises
        ------
        WebRefused
            With 404 when there is none.
        """
        with self._ledger.read() as connection:
            found = instances(connection, level, {keyword: (uid,) for keyword, uid in keys.items()})
        if not found:
            raise WebRefused(404, f"There is no such {_NAMES[level]} here.")
        return found

    def one(self, keys: Mapping[str, str]) -> StoredInstance:
        """Give the instance that all keys name.

        Raises
        ------
        WebRefused
            With 404 when there is none.
        """
        return self.find(Level.IMAGE, keys)[0]

    def read(self, stored: StoredInstance) -> bytes:
        """Read an instance as a Part 10 file.

        Raises
        ------
        WebRefused
            With 410 when its file is no longer there.
        StorageError
            When the file is damaged.
        """
        try:
            return self._objects.read(stored.file)
        except ObjectMissing as error:
            _log.error("object file is missing", sop_instance_uid=stored.sop_instance_uid)
            raise WebRefused(410, f"The instance {stored.sop_instance_uid} is no longer here.") from error

    def encoded(self, stored: StoredInstance, syntaxes: Sequence[str]) -> tuple[bytes, str]:
        """Give an instance as a Part 10 file in a transfer syntax that the client takes, and its UID.

        Parameters
        ----------
        syntaxes
            Transfer syntaxes, ``*`` for the stored one, empty for the default.

        Raises
        ------
        WebRefused
            With 406 when it cannot be given in any of them, with 410 when it is gone.

        Notes
        -----
        A client that names no transfer syntax gets the default, or the stored one where the pixels cannot be
        decompressed: the answer says which.
        """
        part10, own = self.read(stored), stored.transfer_syntax_uid
        if ANY_SYNTAX in syntaxes or own in syntaxes:
            return part10, own
        wanted = [syntax or DEFAULT_SYNTAX for syntax in syntaxes]
        if own in wanted:
            return part10, own
        try:
            return transcode(part10, wanted), next(syntax for syntax in wanted if syntax in TARGETS)
        except PipelineError as error:
            if "" in syntaxes:
                return part10, own
            raise WebRefused(
                406, f"{stored.sop_instance_uid} is stored in {own}, and not to be had otherwise."
            ) from error
