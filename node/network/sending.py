"""Sends files that a person names, whatever they are, each in the transfer syntax it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from node.config.destinations import DestinationConfig
from node.network.sender import OutgoingObject, Sender, Verdict, make_contexts

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
        If the destination cannot be reached or rejects the association.
    """
    sender = Sender(destination, calling_ae_title)
    for start in range(0, len(files), FILES_PER_ASSOCIATION):
        chunk = files[start : start + FILES_PER_ASSOCIATION]
        readable = [(path, item) for path in chunk if (item := _outgoing(path)) is not None]
        yield from (
            SentFile(path, False, "not a DICOM file with SOP Class and Instance UID")
            for path in chunk
            if path not in {found for found, _ in readable}
        )
        if readable:
            yield from _send(sender, readable)


def _send(sender: Sender, files: Sequence[tuple[Path, OutgoingObject]]) -> Iterator[SentFile]:
    with sender.associate(make_contexts(item for _, item in files)) as association:
        for path, item in files:
            result = association.store(item)
            yield SentFile(path, result.verdict is Verdict.DELIVERED, result.detail)


def _outgoing(path: Path) -> OutgoingObject | None:
    try:
        dataset = dcmread(path, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True)
        return OutgoingObject(
            str(dataset.SOPClassUID),
            str(dataset.SOPInstanceUID),
            str(dataset.file_meta.TransferSyntaxUID),
            path,
        )
    except (InvalidDicomError, OSError, AttributeError, ValueError, KeyError):
        return None
