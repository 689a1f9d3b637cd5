"""The film's header as result objects take it over: Unicode, only valid values, identity verbatim."""

import re
from dataclasses import dataclass

from pydicom import Dataset
from pydicom.dataelem import RawDataElement

from pipeline.attributes import items
from pipeline.errors import UnsupportedInstance
from pipeline.film_classes import CAPTURE_CLASSES, RADIOGRAPH_CLASSES
from pipeline.results.clean import CLEANERS
from pipeline.results.elements import put, put_verbatim
from pipeline.results.options import Charset
from pipeline.results.text import UTF_8, CharacterSet, text_of, texts_in

SOP_CLASSES = frozenset({*RADIOGRAPH_CLASSES, *CAPTURE_CLASSES})
"""Films that result objects can be made for."""

_UIDS = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_USABLE_UID = re.compile(r"\s*[!-\[\]-~]+\s*")
"""One value that can be written again; it need not be a valid UID."""
_VERBATIM = frozenset(
    {
        *_UIDS,
        *("PatientName", "PatientID", "IssuerOfPatientID", "StudyID", "AccessionNumber"),
        *("RequestedProcedureID", "ScheduledProcedureStepID"),
        *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
    }
)
_REQUIRED_EVEN_IF_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
_PATIENT_AND_STUDY = (
    *_REQUIRED_EVEN_IF_EMPTY,
    *("IssuerOfPatientID", "TypeOfPatientID", "OtherPatientIDsSequence", "EthnicGroup"),
    *("PatientAge", "PatientSize", "PatientWeight"),
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    *("StudyInstanceUID", "StudyDescription", "IssuerOfAccessionNumberSequence", "ProcedureCodeSequence"),
)
_REST = (
    *("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "TimezoneOffsetFromUTC"),
    *("Modality", "BodyPartExamined", "PatientOrientation", "RequestAttributesSequence"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"),
    *("Manufacturer", "ManufacturerModelName", "DeviceSerialNumber", "SoftwareVersions"),
    *("InstitutionName", "StationName"),
)
_CODE = ("CodeValue", "CodingSchemeDesignator", "CodingSchemeVersion", "CodeMeaning")
_ISSUER = ("LocalNamespaceEntityID", "UniversalEntityID", "UniversalEntityIDType")
_ITEMS = {
    "ProcedureCodeSequence": _CODE,
    "RequestedProcedureCodeSequence": _CODE,
    "DeidentificationMethodCodeSequence": _CODE,
    "IssuerOfAccessionNumberSequence": _ISSUER,
    "OtherPatientIDsSequence": ("PatientID", "IssuerOfPatientID", "TypeOfPatientID"),
    "RequestAttributesSequence": (
        *("RequestedProcedureID", "RequestedProcedureDescription", "RequestedProcedureCodeSequence"),
        *("ScheduledProcedureStepID", "ScheduledProcedureStepDescription"),
        *("StudyInstanceUID", "AccessionNumber", "IssuerOfAccessionNumberSequence"),
        *("PlacerOrderNumberImagingServiceRequest", "FillerOrderNumberImagingServiceRequest"),
    ),
}
_NEEDED_IN_ITEMS = {
    _CODE: ("CodeValue", "CodingSchemeDesignator", "CodeMeaning"),
    _ISSUER: ("LocalNamespaceEntityID",),
    _ITEMS["OtherPatientIDsSequence"]: ("PatientID", "TypeOfPatientID"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The film that a result object is about.

    Attributes
    ----------
    header
        What was received, cleaned: text in Unicode, invalid values left out, Type 2 attributes at least
        empty; PatientID, IssuerOfPatientID, AccessionNumber, StudyID, StudyInstanceUID and PatientName as
        they came, even if they break the rules of their Value Representation.
    character_set
        The film's own.
    shape
        Rows and columns; None when the header has none.
    """

    header: Dataset
    character_set: CharacterSet
    shape: tuple[int, int] | None

    @property
    def sop_class_uid(self) -> str:
        """SOP Class UID (0008,0016)."""
        return str(self.header.SOPClassUID)

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID (0008,0018)."""
        return str(self.header.SOPInstanceUID)

    @property
    def utc_offset(self) -> str:
        """Timezone Offset From UTC (0008,0201), "" when not stated."""
        return str(self.header.get("TimezoneOffsetFromUTC", ""))

    def copy_patient_and_study(self, result: Dataset) -> None:
        """Give a result the film's Patient, General Study and Patient Study Modules."""
        for keyword in _PATIENT_AND_STUDY:
            if keyword in self.header:
                put_verbatim(result, keyword, self.header[keyword].value)

    def stand_in(self) -> Dataset:
        """Make the film that highdicom may see: cleaned, and empty where the patient is."""
        film = Dataset()
        for keyword in ("StudyInstanceUID", *_REST):
            if keyword in self.header:
                put_verbatim(film, keyword, self.header[keyword].value)
        for keyword in _REQUIRED_EVEN_IF_EMPTY:
            put(film, keyword, "")
        return film


def read_source(header: Dataset) -> Source:
    """Clean the header of a film.

    Parameters
    ----------
    header
        Data Set as received, pixels not needed. Left unchanged.

    Raises
    ------
    UnsupportedInstance
        If the SOP Class is no radiograph, or a UID that results must refer to is missing.
    """
    character_set = CharacterSet.of(header)
    unusable = [
        keyword for keyword in _UIDS if not _USABLE_UID.fullmatch(text_of(header, keyword, character_set))
    ]
    if unusable:
        raise UnsupportedInstance(
            f"no result can refer to this film: {', '.join(unusable)} missing or damaged; send it again from "
            "its source"
        )
    cleaned = _clean(header, (*_PATIENT_AND_STUDY, *_REST), character_set)
    if cleaned.SOPClassUID not in SOP_CLASSES:
        raise UnsupportedInstance(
            f"results are made for CR, DX and Secondary Capture, not {cleaned.SOPClassUID}"
        )
    for keyword in _REQUIRED_EVEN_IF_EMPTY:
        if keyword not in cleaned:
            put(cleaned, keyword, "")
    rows, columns = _unsigned(header, "Rows"), _unsigned(header, "Columns")
    return Source(cleaned, character_set, (rows, columns) if rows and columns else None)


def _clean(dataset: Dataset, keywords: tuple[str, ...], character_set: CharacterSet) -> Dataset:
    cleaned = Dataset()
    for keyword in keywords:
        if keyword in _ITEMS:
            if found := _clean_items(dataset, keyword, character_set):
                setattr(cleaned, keyword, found)
        else:
            _clean_text(dataset, keyword, character_set, cleaned)
    return cleaned


def _clean_text(dataset: Dataset, keyword: str, character_set: CharacterSet, cleaned: Dataset) -> None:
    text = text_of(dataset, keyword, character_set)
    if keyword in _VERBATIM:
        if text:
            put_verbatim(cleaned, keyword, text)
        return
    if keyword in CLEANERS:
        text = CLEANERS[keyword](text)
    if text.strip():
        put(cleaned, keyword, text)


def _clean_items(dataset: Dataset, keyword: str, character_set: CharacterSet) -> list[Dataset]:
    allowed = _ITEMS[keyword]
    needed = _NEEDED_IN_ITEMS.get(allowed, ())
    cleaned = (
        _clean(item, allowed, CharacterSet.of(item, character_set)) for item in items(dataset, keyword)
    )
    return [item for item in cleaned if len(item) and all(name in item for name in needed)]


def _unsigned(dataset: Dataset, keyword: str) -> int:
    element = dataset.get_item(keyword)
    if isinstance(element, RawDataElement) and element.value and len(element.value) == 2:
        return int.from_bytes(element.value, "little" if element.is_little_endian else "big")
    value = None if element is None else element.value
    return value if isinstance(value, int) else 0


def declare_character_set(result: Dataset, source: Source, charset: Charset) -> None:
    """Set Specific Character Set of a finished result: UTF-8, or the film's own if that has every letter."""
    own = source.character_set
    if charset == "utf-8" or not all(own.can_encode(text) for text in texts_in(result)):
        result.SpecificCharacterSet = UTF_8
    elif own.terms:
        result.SpecificCharacterSet = own.declaration
