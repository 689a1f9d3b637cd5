"""Annotations in objects that are stored here: read once, when the object comes in."""

from collections.abc import Sequence

from pydicom.uid import SegmentationStorage

from node.log import EventLog, describe_exception
from pipeline.annotations import REPORT_CLASSES, Annotation, read_annotations
from pipeline.part10 import read_in_front_of_pixels
from storage.annotations import Channel, FilmAnnotation

ANNOTATING_CLASSES = REPORT_CLASSES | {SegmentationStorage}
"""SOP Classes in which a person may say something of a film."""

_log = EventLog("annotations")


def notes_in(sop_class_uid: str, part10: bytes) -> list[Annotation]:
    """Read what a person says in an object; whatever it holds, it never stops the object from being kept."""
    if sop_class_uid not in ANNOTATING_CLASSES:
        return []
    try:
        return read_annotations(read_in_front_of_pixels(part10))
    except Exception as error:  # noqa: BLE001 - an object that pydicom cannot read is kept all the same
        _log.warning("annotations cannot be read", error=describe_exception(error))
        return []


def to_stored(notes: Sequence[Annotation], object_instance_id: int) -> list[FilmAnnotation]:
    """Give annotations the form that the ledger keeps."""
    return [
        FilmAnnotation(
            film_uid=note.film,
            channel=Channel.SEGMENTATION if note.has_lungs else Channel.REPORT,
            object_instance_id=object_instance_id,
            has_lungs=note.has_lungs,
            rds=note.rds,
            grade=note.grade,
            author=note.author,
            said_at=note.said_at.isoformat() if note.said_at else "",
        )
        for note in notes
    ]
