"""Sends files that a person names, whatever they are, each in the transfer syntax it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused
from node.network.outgoing import OutgoingObject, in_associations, make_contexts
from node.network.sender import Sender, StoreAssociation, Verdict
from pipeline.attributes import UNREADABLE

FILES_PER_ASSOCIATION = 100


@dataclass(frozen=True, slots=True)
class SentFile:
    """What became of one file.

    Attributes
    ----------
    detail
        The reason in words unless stored.
    """

    path: Path
    stored: bool
    detail: str = ""


def send_files(
    destination: DestinationConfig, calling_ae_title: str, files: Sequence[Path]
) -> Iterator[SentFile]:
    """Send files by C-STORE and tell of each as it is answered.

    Raises
    ------
    AssociationRefused
        If the destination cannot be reached or rejects the first association; nothing was sent.
    """
    sender, is_reached = Sender(destination, calling_ae_title), False
    for start in range(0, len(files), FILES_PER_ASSOCIATION):
        sendable = []
        for path in files[start : start + FILES_PER_ASSOCIATION]:
            try:
                sendable.append(_outgoing(path))
            except _Unsendable as error:
                yield SentFile(path, False, str(error))
        for part in in_associations(sendable, FILES_PER_ASSOCIATION):
            try:
                yield from _send(sender, part)
            except AssociationRefused as error:
                if not is_reached:
                    raise
                # What was stored before must still be told.
                yield from (SentFile(item.path, False, str(error)) for item in part)
            is_reached = True


def _send(sender: Sender, items: Sequence[OutgoingObject]) -> Iterator[SentFile]:
    with sender.associate(make_contexts(items)) as association:
        for item in items:
            yield _store(association, item)


def _store(association: StoreAssociation, item: OutgoingObject) -> SentFile:
    try:
        result = association.store(item)
    except OSError as error:
        return SentFile(item.path, False, f"cannot be read: {error.strerror or error}")
    detail = f"{result.detail}: {result.comment}" if result.comment else result.detail
    return SentFile(item.path, result.verdict is Verdict.DELIVERED, detail)


class _Unsendable(Exception):
    """A file that is nothing to send by C-STORE."""


def _outgoing(path: Path) -> OutgoingObject:
    try:
        dataset = dcmread(path, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True)
        return OutgoingObject(
            str(dataset.SOPClassUID),
            str(dataset.SOPInstanceUID),
            str(dataset.file_meta.TransferSyntaxUID),
            path,
        )
    except OSError as error:
        raise _Unsendable(f"cannot be read: {error.strerror or error}") from error
    except (InvalidDicomError, *UNREADABLE) as error:
        raise _Unsendable("not a DICOM file with SOP Class and Instance UID") from error
