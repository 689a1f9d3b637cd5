"""Sends files that a person names, whatever they are, each in the transfer syntax it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from node.config.destinations import DestinationConfig
from node.errors import AssociationRefused
from node.network.sender import OutgoingObject, Sender, StoreAssociation, Verdict, make_contexts
from pipeline.attributes import UNREADABLE

FILES_PER_ASSOCIATION = 100
"""Below the 128 presentation contexts that one association can propose (PS3.8 9.3.2.2)."""


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
                sendable.append((path, _outgoing(path)))
            except _Unsendable as error:
                yield SentFile(path, False, str(error))
        try:
            yield from _send(sender, sendable)
        except AssociationRefused as error:
            if not is_reached:
                raise
            # What was stored before must still be told.
            yield from (SentFile(path, False, str(error)) for path, _ in sendable)
        is_reached = is_reached or bool(sendable)


def _send(sender: Sender, files: Sequence[tuple[Path, OutgoingObject]]) -> Iterator[SentFile]:
    if not files:
        return
    with sender.associate(make_contexts(item for _, item in files)) as association:
        for path, item in files:
            yield _store(association, path, item)


def _store(association: StoreAssociation, path: Path, item: OutgoingObject) -> SentFile:
    try:
        result = association.store(item)
    except UNREADABLE as error:  # met only while it is encoded anew for a peer that takes no other encoding
        return SentFile(path, False, f"damaged, cannot be encoded for this peer ({error})")
    detail = f"{result.detail}: {result.comment}" if result.comment else result.detail
    return SentFile(path, result.verdict is Verdict.DELIVERED, detail)


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
