"""What all result objects of one film share: its identity, who signs, when, in which character set."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from pipeline.results.elements import put
from pipeline.results.equipment import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    add_equipment,
)
from pipeline.results.header import Charset, Source, declare_character_set
from pipeline.results.uids import result_uid
from pipeline.values import BundleIdentity, Origin


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One kind of result object.

    Attributes
    ----------
    name
        Goes into the object's UIDs.
    """

    name: str
    sop_class_uid: str
    modality: str
    series_number: int
    series_description: str


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """Where the result objects of one film come from."""

    source: Source
    bundle: BundleIdentity
    origin: Origin
    charset: Charset

    def uid(self, kind: str) -> str:
        """Derive the UID of one thing in these results; another character set is another set of instances."""
        named = kind if self.charset == "utf-8" else f"{kind}/{self.charset}"
        return result_uid(self.source.sop_instance_uid, self.bundle.digest, named)

    @property
    def utc_offset(self) -> str:
        """Offset of the content times: the film's own, else this installation's."""
        return self.source.utc_offset or self.origin.utc_offset

    @property
    def made_at(self) -> datetime:
        """When the results count as made, in `utc_offset`."""
        sign = -1 if self.utc_offset.startswith("-") else 1
        hours, minutes = int(self.utc_offset[1:3]), int(self.utc_offset[3:5])
        return self.origin.made_at.astimezone(timezone(sign * timedelta(hours=hours, minutes=minutes)))

    @property
    def made_at_with_offset(self) -> str:
        """`made_at` as a DT value, PS3.5 6.2."""
        return f"{self.made_at:%Y%m%d%H%M%S.%f}{self.utc_offset}"

    def start_object(self, kind: ObjectKind) -> Dataset:
        """Make a Data Set with the modules that every result object has.

        Notes
        -----
        Patient, General Study, Patient Study, the series, Enhanced General Equipment and SOP Common of PS3.3.
        Timezone Offset From UTC is only written where the film states it, because it also governs the
        film's own dates.
        """
        result = Dataset()
        self.source.copy_patient_and_study(result)
        add_equipment(result, self.origin)
        put(result, "SOPClassUID", kind.sop_class_uid)
        put(result, "SOPInstanceUID", self.uid(kind.name))
        put(result, "SeriesInstanceUID", self.uid(f"{kind.name}/series"))
        put(result, "Modality", kind.modality)
        put(result, "SeriesNumber", kind.series_number)
        put(result, "SeriesDescription", kind.series_description)
        put(result, "InstanceNumber", 1)
        put(result, "ContentQualification", "RESEARCH")
        for moment in ("InstanceCreation", "Series", "Content"):
            put(result, f"{moment}Date", f"{self.made_at:%Y%m%d}")
            put(result, f"{moment}Time", f"{self.made_at:%H%M%S.%f}")
        if self.source.utc_offset:
            put(result, "TimezoneOffsetFromUTC", self.source.utc_offset)
        return result

    def finish_object(self, result: Dataset) -> Dataset:
        """Declare the character set of a complete Data Set and give it its File Meta Information."""
        declare_character_set(result, self.source, self.charset)
        meta = FileMetaDataset()
        meta.FileMetaInformationVersion = b"\x00\x01"
        meta.MediaStorageSOPClassUID = result.SOPClassUID
        meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
        result.file_meta = meta
        return result
