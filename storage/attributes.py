"""The DICOM attributes that the ledger indexes: their level, their column and how they are compared.

The tables take their columns from here, the query its keys. A new attribute needs one line here and a
migration.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from storage.matching import Level
from storage.names import GROUPS, name_keys

LONGEST_TEXT = 200
"""Characters kept of a text; longer ones are illegal in every indexed VR and would not fit into an index."""

_SMALLEST_NUMBER, _LARGEST_NUMBER = -(2**31), 2**31 - 1
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Comparison(StrEnum):
    """How values of an attribute are compared, after its VR."""

    TEXT = "text"
    """CS, LO, SH, UI...: character by character."""
    NAME = "name"
    """PN: by the keys of its component groups."""
    NUMBER = "number"
    """IS, US: as a number."""
    DATE = "date"
    """DA: ``YYYYMMDD``, ordered as text."""
    TIME = "time"
    """TM: to the precision that both sides give."""


@dataclass(frozen=True, slots=True)
class IndexedAttribute:
    """One attribute of the index.

    Attributes
    ----------
    level
        The level of the information model that it belongs to (PS3.4 C.6).
    stored_as
        Its column, where that has a name of its own.
    """

    keyword: str
    level: Level
    comparison: Comparison = Comparison.TEXT
    stored_as: str = ""

    @property
    def column(self) -> str:
        """The column's name, in general the keyword in snake case."""
        return self.stored_as or _WORD_START.sub("_", self.keyword).lower()

    @property
    def key_columns(self) -> tuple[str, ...]:
        """For names, the columns of the comparable component groups; else none."""
        if self.comparison is not Comparison.NAME:
            return ()
        return tuple(f"{self.column}_{group}" for group in GROUPS)


PATIENT_ATTRIBUTES = (
    IndexedAttribute("PatientID", Level.PATIENT),
    IndexedAttribute("IssuerOfPatientID", Level.PATIENT),
    IndexedAttribute("PatientName", Level.PATIENT, Comparison.NAME),
    IndexedAttribute("PatientBirthDate", Level.PATIENT, Comparison.DATE),
    IndexedAttribute("PatientSex", Level.PATIENT),
)
STUDY_ATTRIBUTES = (
    IndexedAttribute("StudyInstanceUID", Level.STUDY),
    IndexedAttribute("StudyDate", Level.STUDY, Comparison.DATE),
    IndexedAttribute("StudyTime", Level.STUDY, Comparison.TIME),
    IndexedAttribute("AccessionNumber", Level.STUDY),
    IndexedAttribute("StudyID", Level.STUDY),
    IndexedAttribute("StudyDescription", Level.STUDY),
    IndexedAttribute("ReferringPhysicianName", Level.STUDY, Comparison.NAME),
    IndexedAttribute("PatientAge", Level.STUDY),
)
SERIES_ATTRIBUTES = (
    IndexedAttribute("SeriesInstanceUID", Level.SERIES),
    IndexedAttribute("Modality", Level.SERIES),
    IndexedAttribute("SeriesNumber", Level.SERIES, Comparison.NUMBER),
    IndexedAttribute("SeriesDescription", Level.SERIES),
    IndexedAttribute("SeriesDate", Level.SERIES, Comparison.DATE),
    IndexedAttribute("SeriesTime", Level.SERIES, Comparison.TIME),
    IndexedAttribute("BodyPartExamined", Level.SERIES),
    IndexedAttribute("Laterality", Level.SERIES),
    IndexedAttribute("ProtocolName", Level.SERIES),
    IndexedAttribute("PerformedProcedureStepStartDate", Level.SERIES, Comparison.DATE),
    IndexedAttribute("PerformedProcedureStepStartTime", Level.SERIES, Comparison.TIME),
    IndexedAttribute("InstitutionName", Level.SERIES),
    IndexedAttribute("StationName", Level.SERIES),
    IndexedAttribute("Manufacturer", Level.SERIES),
    IndexedAttribute("ManufacturerModelName", Level.SERIES),
)
IMAGE_ATTRIBUTES = (
    IndexedAttribute("SOPInstanceUID", Level.IMAGE),
    IndexedAttribute("SOPClassUID", Level.IMAGE),
    IndexedAttribute("InstanceNumber", Level.IMAGE, Comparison.NUMBER),
    IndexedAttribute("ContentDate", Level.IMAGE, Comparison.DATE),
    IndexedAttribute("ContentTime", Level.IMAGE, Comparison.TIME),
    IndexedAttribute("AcquisitionDate", Level.IMAGE, Comparison.DATE),
    IndexedAttribute("AcquisitionTime", Level.IMAGE, Comparison.TIME),
    IndexedAttribute("ImageType", Level.IMAGE),
    IndexedAttribute("ViewPosition", Level.IMAGE),
    IndexedAttribute("PresentationIntentType", Level.IMAGE),
    IndexedAttribute("PhotometricInterpretation", Level.IMAGE),
    IndexedAttribute("Rows", Level.IMAGE, Comparison.NUMBER),
    IndexedAttribute("Columns", Level.IMAGE, Comparison.NUMBER),
    IndexedAttribute("BitsAllocated", Level.IMAGE, Comparison.NUMBER),
    IndexedAttribute("BitsStored", Level.IMAGE, Comparison.NUMBER),
    IndexedAttribute("NumberOfFrames", Level.IMAGE, Comparison.NUMBER),
    IndexedAttribute("ContentLabel", Level.IMAGE),
    IndexedAttribute("CompletionFlag", Level.IMAGE),
    IndexedAttribute("VerificationFlag", Level.IMAGE),
    IndexedAttribute("TimezoneOffsetFromUTC", Level.IMAGE),
)
ITEM_ATTRIBUTES = (
    IndexedAttribute("CodeValue", Level.IMAGE),
    IndexedAttribute("CodingSchemeDesignator", Level.IMAGE),
    IndexedAttribute("CodeMeaning", Level.IMAGE),
    IndexedAttribute("AccessionNumber", Level.IMAGE),
    IndexedAttribute("RequestedProcedureID", Level.IMAGE),
    IndexedAttribute("RequestedProcedureDescription", Level.IMAGE),
    IndexedAttribute("ScheduledProcedureStepID", Level.IMAGE),
    IndexedAttribute("ScheduledProcedureStepDescription", Level.IMAGE),
)
"""Attributes of the items of sequences; see ``storage.sequences``."""
TRANSFER_SYNTAX = IndexedAttribute("AvailableTransferSyntaxUID", Level.IMAGE, stored_as="transfer_syntax_uid")
"""Not read from the instance: the transfer syntax in which it was received."""
ATTRIBUTES = (*PATIENT_ATTRIBUTES, *STUDY_ATTRIBUTES, *SERIES_ATTRIBUTES, *IMAGE_ATTRIBUTES)


def clean_text(value: object) -> str:
    """Make any value a text that both databases take: no NUL, no lone surrogates, no outer blanks."""
    text = str(value).replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return text.strip()[:LONGEST_TEXT]


def to_columns(attribute: IndexedAttribute, value: object) -> dict[str, str | int | None]:
    """Give the column values of one attribute; absent and empty values are NULL."""
    if attribute.comparison is Comparison.NUMBER:
        return {attribute.column: to_number(value)}
    text = "" if value is None else clean_text(value)
    keys = name_keys(text) if attribute.key_columns else ()
    columns = {attribute.column: text, **dict(zip(attribute.key_columns, keys, strict=True))}
    return {column: entry[:LONGEST_TEXT] or None for column, entry in columns.items()}


def to_number(value: object) -> int | None:
    """Read a number of VR IS or US; None for anything else."""
    try:
        number = int(value) if isinstance(value, str | int) else None
    except ValueError:
        return None
    if number is None or not _SMALLEST_NUMBER <= number <= _LARGEST_NUMBER:
        return None
    return number
