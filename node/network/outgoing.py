"""What is to be sent, and the presentation contexts that it needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.presentation import PresentationContext, build_context

from storage.objects import ObjectStore
from storage.values import StoredInstance

UNCOMPRESSED = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
MOST_CONTEXTS = 128
"""Presentation contexts that one association can propose (PS3.8 9.3.2.2)."""

ENCODINGS = {
    "auto": UNCOMPRESSED,
    "explicit": (ExplicitVRLittleEndian,),
    "implicit": (ImplicitVRLittleEndian,),
}
"""Uncompressed transfer syntaxes by the setting of a destination."""

Need = tuple[str, tuple[UID, ...]]
"""SOP Class and transfer syntaxes of one presentation context."""


@dataclass(frozen=True, slots=True)
class OutgoingObject:
    """One SOP Instance to be sent from its Part 10 file."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path


def make_contexts(objects: Iterable[OutgoingObject]) -> list[PresentationContext]:
    """Propose what the objects need and nothing else."""
    needs = dict.fromkeys(need for item in objects for need in _needs(item))
    return [build_context(sop_class_uid, list(syntaxes)) for sop_class_uid, syntaxes in needs]


def in_encoding(contexts: Iterable[PresentationContext], encoding: str) -> list[PresentationContext]:
    """Propose uncompressed transfer syntaxes as a destination wants them; a compressed one stays as it is.

    Parameters
    ----------
    encoding
        ``auto``, ``explicit`` or ``implicit``.
    """
    return [
        build_context(str(context.abstract_syntax), list(ENCODINGS[encoding]))
        if set(context.transfer_syntax) <= set(UNCOMPRESSED)
        else context
        for context in contexts
    ]


def in_associations(objects: Iterable[OutgoingObject], most: int) -> Iterator[list[OutgoingObject]]:
    """Split objects, in their order, so that one association can carry each part.

    Parameters
    ----------
    most
        Objects on one association.
    """
    part: list[OutgoingObject] = []
    needs: set[Need] = set()
    for item in objects:
        more = needs.union(_needs(item))
        if part and (len(part) == most or len(more) > MOST_CONTEXTS):
            yield part
            part, more = [], set(_needs(item))
        part.append(item)
        needs = more
    if part:
        yield part


def _needs(item: OutgoingObject) -> tuple[Need, ...]:
    """Give what may carry an object: its own transfer syntax, and the two that it can be decompressed to."""
    plain = (item.sop_class_uid, UNCOMPRESSED)
    if item.transfer_syntax_uid in UNCOMPRESSED:
        return (plain,)
    return (item.sop_class_uid, (UID(item.transfer_syntax_uid),)), plain


def outgoing_object(objects: ObjectStore, instance: StoredInstance) -> OutgoingObject:
    """Describe a stored object; its file is not looked at."""
    return OutgoingObject(
        sop_class_uid=instance.sop_class_uid,
        sop_instance_uid=instance.sop_instance_uid,
        transfer_syntax_uid=instance.transfer_syntax_uid,
        path=objects.path(instance.file),
    )
