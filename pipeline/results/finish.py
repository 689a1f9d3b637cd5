"""What highdicom cannot say or says in its own name, put right in every result object."""

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from pipeline.results.elements import put
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pipeline.results.header import declare_character_set
from pipeline.results.provenance import Provenance


def finish(made: Dataset, provenance: Provenance, *, content: str = "Content") -> Dataset:
    """Turn what highdicom or `start` built into a result of this film, this moment and this software.

    Parameters
    ----------
    content
        Start of the names of the date and time at which the content was made.

    Notes
    -----
    highdicom never saw the patient (`Source.stand_in`), dates everything by the clock, lists itself as
    equipment with that time, and signs the file. Timezone Offset From UTC is only written where the film
    states it, because it also governs the film's own dates.
    """
    result = Dataset(made)
    provenance.source.copy_patient_and_study(result)
    for moment in ("InstanceCreation", "Series", content):
        put(result, f"{moment}Date", f"{provenance.made_at:%Y%m%d}")
        put(result, f"{moment}Time", f"{provenance.made_at:%H%M%S.%f}")
    if provenance.source.utc_offset:
        put(result, "TimezoneOffsetFromUTC", provenance.source.utc_offset)
    _drop_the_library(result)
    declare_character_set(result, provenance.source, provenance.charset)
    result.file_meta = _file_meta(result)
    return result


def _drop_the_library(result: Dataset) -> None:
    equipment = result.ContributingEquipmentSequence
    kept = [item for item in equipment if item.get("ManufacturerModelName") != "highdicom"]
    del result.ContributingEquipmentSequence
    if kept:
        result.ContributingEquipmentSequence = kept


def _file_meta(result: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = result.SOPClassUID
    meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta
