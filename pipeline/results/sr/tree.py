"""Content Items of a Structured Report's tree (PS3.3 C.17.3)."""

from collections.abc import Iterable
from enum import StrEnum

from pydicom import Dataset

from pipeline.codes import Concept
from pipeline.results.elements import code_item, put


class Relationship(StrEnum):
    """Relationship Type (0040,A010) of an item to its parent."""

    CONTAINS = "CONTAINS"
    HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
    HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
    HAS_ACQ_CONTEXT = "HAS ACQ CONTEXT"


def container(concept: Concept, children: Iterable[Dataset], *, template: str | None = None) -> Dataset:
    """Make a CONTAINER whose items stand for themselves; with a template's number, say that it follows it."""
    item = _item(Relationship.CONTAINS, "CONTAINER", concept, children)
    item.ContinuityOfContent = "SEPARATE"
    if template:
        identification = Dataset()
        identification.MappingResource = "DCMR"
        identification.TemplateIdentifier = template
        item.ContentTemplateSequence = [identification]
    return item


def code(
    relationship: Relationship, concept: Concept, value: Concept, children: Iterable[Dataset] = ()
) -> Dataset:
    """Make a CODE item."""
    item = _item(relationship, "CODE", concept, children)
    item.ConceptCodeSequence = [code_item(value)]
    return item


def text(relationship: Relationship, concept: Concept, value: str) -> Dataset:
    """Make a TEXT item."""
    item = _item(relationship, "TEXT", concept)
    put(item, "TextValue", value)
    return item


def uid_reference(relationship: Relationship, concept: Concept, uid: str) -> Dataset:
    """Make a UIDREF item."""
    item = _item(relationship, "UIDREF", concept)
    put(item, "UID", uid)
    return item


def number(
    relationship: Relationship, concept: Concept, value: str, unit: Concept, *, exact: float | None = None
) -> Dataset:
    """Make a NUM item.

    Parameters
    ----------
    value
        Decimal string, at most 16 characters.
    exact
        The number itself where the decimal string is rounded.
    """
    measured = Dataset()
    put(measured, "NumericValue", value)
    if exact is not None:
        measured.FloatingPointValue = exact
    measured.MeasurementUnitsCodeSequence = [code_item(unit)]
    item = _item(relationship, "NUM", concept)
    item.MeasuredValueSequence = [measured]
    return item


def image(
    concept: Concept | None,
    sop_class_uid: str,
    sop_instance_uid: str,
    *,
    segment_number: int | None = None,
    children: Iterable[Dataset] = (),
) -> Dataset:
    """Make an IMAGE item that is contained in its parent, possibly about one segment of a SEG."""
    referenced = Dataset()
    put(referenced, "ReferencedSOPClassUID", sop_class_uid)
    put(referenced, "ReferencedSOPInstanceUID", sop_instance_uid)
    if segment_number is not None:
        referenced.ReferencedSegmentNumber = segment_number
    item = _item(Relationship.CONTAINS, "IMAGE", concept, children)
    item.ReferencedSOPSequence = [referenced]
    return item


def _item(
    relationship: Relationship, value_type: str, concept: Concept | None, children: Iterable[Dataset] = ()
) -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship.value
    item.ValueType = value_type
    if concept:
        item.ConceptNameCodeSequence = [code_item(concept)]
    content = list(children)
    if content:
        item.ContentSequence = content
    return item
