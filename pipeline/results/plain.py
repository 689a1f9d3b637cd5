"""Result objects that are built attribute by attribute, because their IOD asks for little."""

from highdicom import ContributingEquipment
from pydicom import Dataset

from pipeline import codes
from pipeline.results.elements import put, put_verbatim
from pipeline.results.models import models_that_looked
from pipeline.results.provenance import ObjectKind, Provenance
from pipeline.values import Analysis, Outcome

_NAMES = {
    "sop_instance_uid": "SOPInstanceUID",
    "series_instance_uid": "SeriesInstanceUID",
    "series_number": "SeriesNumber",
    "series_description": "SeriesDescription",
    "instance_number": "InstanceNumber",
    "manufacturer": "Manufacturer",
    "manufacturer_model_name": "ManufacturerModelName",
    "device_serial_number": "DeviceSerialNumber",
    "software_versions": "SoftwareVersions",
    "content_qualification": "ContentQualification",
}


def start(
    sop_class_uid: str, modality: str, kind: ObjectKind, analysis: Analysis, provenance: Provenance
) -> Dataset:
    """Begin an object with its SOP Common, General Series and General Equipment Modules.

    Patient, study, dates, character set and File Meta come with `pipeline.results.finish.finish`.
    """
    made = Dataset()
    made.SOPClassUID, made.Modality = sop_class_uid, modality
    for name, value in provenance.identification(kind).items():
        put(made, _NAMES[name], value)
    header = provenance.source.header
    if "RequestAttributesSequence" in header:
        put_verbatim(made, "RequestAttributesSequence", header.RequestAttributesSequence)
    equipment: list[ContributingEquipment] = models_that_looked(analysis, provenance)
    made.ContributingEquipmentSequence = equipment
    return made


def add_body_part(made: Dataset, analysis: Analysis, provenance: Provenance) -> None:
    """Say which part the film shows; where that is not known, nor is its side (PS3.3 C.7.3.1)."""
    header = provenance.source.header
    if "BodyPartExamined" in header:
        put_verbatim(made, "BodyPartExamined", header.BodyPartExamined)
    elif analysis.outcome not in (Outcome.NOT_ELIGIBLE, Outcome.FAILED):
        put(made, "BodyPartExamined", "CHEST")
    else:
        put(made, "Laterality", "")


def reference(provenance: Provenance) -> Dataset:
    """Refer to the film (PS3.3 Table 10-11)."""
    item = Dataset()
    put_verbatim(item, "ReferencedSOPClassUID", provenance.source.sop_class_uid)
    put_verbatim(item, "ReferencedSOPInstanceUID", provenance.source.sop_instance_uid)
    return item


def source_reference(provenance: Provenance) -> Dataset:
    """Refer to the film as what the object was made from (PS3.3 Table 10-3)."""
    item, purpose = reference(provenance), Dataset()
    code = codes.SOURCE_IMAGE
    purpose.CodeValue, purpose.CodingSchemeDesignator, purpose.CodeMeaning = (
        code.value,
        code.scheme_designator,
        code.meaning,
    )
    item.PurposeOfReferenceCodeSequence = [purpose]
    return item
