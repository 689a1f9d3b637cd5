"""The body of a store request, taken in part by part while it arrives."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from pydicom.tag import Tag
from pydicom.uid import UID

from node.errors import UnreadableDataSet
from node.network.access import Caller
from node.network.contexts import IMAGE_CLASSES, PLAIN_SYNTAXES, STORAGE_CLASSES
from node.network.intake import StoreRequest
from node.network.part10 import FileParts, read_header, split_file
from node.network.sizes import Budget
from node.network.status import StoreStatus
from node.text import read_text
from node.web.media import DICOM, parse_media_type
from node.web.multipart import Event, MultipartParser, PartBegins, PartData, PartEnds

SYNTAX_NOT_SUPPORTED = 0xC122
"""Failure reason: the transfer syntax is none that the node can read (PS3.18 table I.2-2)."""
OTHER_STUDY = 0xC409
"""Failure reason: the instance is not of the study that the request names."""
IN_MEMORY = 1 << 20
"""Bytes of an object that are kept in memory; a larger one goes to a temporary file without a name."""

_STUDY, _SERIES = Tag(0x0020, 0x000D), Tag(0x0020, 0x000E)

Take = Callable[[StoreRequest], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one part; UIDs are empty where they cannot be read.

    Attributes
    ----------
    status
        A `StoreStatus`, or one of the failure reasons of this module.
    """

    status: int
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether the object is durable."""
        return self.status == StoreStatus.SUCCESS


@dataclass(frozen=True, slots=True)
class UploadRules:
    """What an upload may hold.

    Attributes
    ----------
    image_syntaxes
        Transfer syntaxes in which images are taken.
    study
        Study Instance UID that all instances must have; empty for any.
    max_object_bytes
        0 for no limit.
    folder
        Of temporary files.
    budget
        Of the objects that are in memory, of all uploads together.
    """

    image_syntaxes: frozenset[str]
    study: str
    max_object_bytes: int
    folder: Path
    budget: Budget


class Upload:
    """One body under way; feed it from one thread at a time.

    Attributes
    ----------
    taken
        What became of the parts that have ended.
    """

    def __init__(
        self, rules: UploadRules, parser: MultipartParser | None, take: Take, caller: Caller
    ) -> None:
        self.taken: list[Taken] = []
        self._rules = rules
        self._parser = parser
        self._take = take
        self._caller = caller
        self._spool: IO[bytes] | None = None
        self._size = 0
        self._is_dicom = True
        if parser is None:
            self._begin({})

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises
        ------
        WebRefused
            With 400 when the body is not well formed.
        """
        if self._parser is None:
            self._write(data)
            return
        for event in self._parser.feed(data):
            self._handle(event)

    def finish(self) -> None:
        """Say that the body is complete.

        Raises
        ------
        WebRefused
            With 400 when it was cut off.
        """
        if self._parser is None:
            self._end()
        else:
            self._parser.close()

    def discard(self) -> None:
        """Forget the part under way."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _handle(self, event: Event) -> None:
        match event:
            case PartBegins(headers):
                self._begin(headers)
            case PartData(data):
                self._write(data)
            case PartEnds():
                self._end()

    def _begin(self, headers: Mapping[str, str]) -> None:
        kind = parse_media_type(headers.get("content-type", ""))
        self._is_dicom = kind is None or kind.name == DICOM
        self._size = 0
        self._spool = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(self._rules.folder))  # noqa: SIM115

    def _write(self, data: bytes) -> None:
        self._size += len(data)
        too_large = 0 < self._rules.max_object_bytes < self._size
        if self._spool is None or too_large:
            self.discard()
            return
        try:
            self._spool.write(data)
        except OSError:  # the disk is full
            self.discard()

    def _end(self) -> None:
        self.taken.append(Taken(StoreStatus.OUT_OF_RESOURCES) if self._spool is None else self._take_within())
        self.discard()

    def _take_within(self) -> Taken:
        """Take the part in if all that is in memory stays within bounds; what is not may be sent again."""
        if not self._is_dicom:
            return Taken(StoreStatus.CANNOT_UNDERSTAND)
        budget = self._rules.budget
        try:
            is_within = budget.hold(self, self._size)
            return self._take_in() if is_within else Taken(StoreStatus.OUT_OF_RESOURCES)
        finally:
            budget.release(self)

    def _take_in(self) -> Taken:
        assert self._spool is not None
        self._spool.seek(0)
        try:
            file = split_file(self._spool)
            header = read_header(file.encoded, UID(file.transfer_syntax_uid), [_STUDY, _SERIES])
        except UnreadableDataSet:
            return Taken(StoreStatus.CANNOT_UNDERSTAND)
        study, series = (read_text(header, tag) or "" for tag in (_STUDY, _SERIES))
        status = self._refusal(file, study)
        if status is None:
            status, _ = self._take(self._request(file))
        return Taken(status, file.sop_class_uid, file.sop_instance_uid, study, series)

    def _refusal(self, file: FileParts, study: str) -> int | None:
        if file.sop_class_uid not in STORAGE_CLASSES:
            return StoreStatus.SOP_CLASS_NOT_SUPPORTED
        is_image = file.sop_class_uid in IMAGE_CLASSES
        syntaxes = self._rules.image_syntaxes if is_image else frozenset(map(str, PLAIN_SYNTAXES))
        if file.transfer_syntax_uid not in syntaxes:
            return SYNTAX_NOT_SUPPORTED
        return OTHER_STUDY if self._rules.study and study != self._rules.study else None

    def _request(self, file: FileParts) -> StoreRequest:
        return StoreRequest(
            sop_class_uid=file.sop_class_uid,
            sop_instance_uid=file.sop_instance_uid,
            transfer_syntax=UID(file.transfer_syntax_uid),
            accepted_class_uid=file.sop_class_uid,
            caller=self._caller,
            data_set=BytesIO(file.encoded),
        )
