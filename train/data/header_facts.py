"""What the header of a DICOM film tells the index; nobody can be found by it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from pydicom import Dataset

from pipeline.attributes import number, text
from pipeline.gate.age import age_in_days
from pipeline.gate.settings import GateSettings

_AGE_STRING = re.compile(r"(\d{1,3})([DWMY])")
_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_PSEUDONYM_DIGITS = 16


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """Of one film; texts are empty where the header says nothing.

    Attributes
    ----------
    patient
        Pseudonym of Patient ID and its issuer, or of the study where there is no Patient ID.
    age_days
        On the day of the film.
    attributes
        ``vendor`` and ``weight_g``, where known.
    """

    sop_instance_uid: str
    accession_number: str
    patient: str
    age_days: float | None
    sex: str
    attributes: dict[str, str]


def read_header_facts(header: Dataset) -> HeaderFacts:
    """Read what the index needs, from a header that anybody may have written."""
    return HeaderFacts(
        sop_instance_uid=text(header, "SOPInstanceUID"),
        accession_number=text(header, "AccessionNumber"),
        patient=_patient(header),
        age_days=_age_days(header),
        sex=text(header, "PatientSex")[:1].upper(),
        attributes=_attributes(header),
    )


def pseudonym(*identity: str) -> str:
    """Return a short digest that is the same for the same person; a list of all Patient IDs would undo it."""
    return f"p{sha256('|'.join(identity).encode()).hexdigest()[:_PSEUDONYM_DIGITS]}"


def _patient(header: Dataset) -> str:
    patient_id = text(header, "PatientID")
    if patient_id:
        return pseudonym(text(header, "IssuerOfPatientID"), patient_id)
    study = text(header, "StudyInstanceUID")
    return pseudonym("study", study) if study else ""


def _age_days(header: Dataset) -> float | None:
    days = age_in_days(header, GateSettings())
    if days is not None:
        return float(days)
    found = _AGE_STRING.fullmatch(text(header, "PatientAge").upper())
    return int(found[1]) * _DAYS[found[2]] if found else None


def _attributes(header: Dataset) -> dict[str, str]:
    weight_kg = number(header, "PatientWeight")
    vendor = " ".join(filter(None, (text(header, "Manufacturer"), text(header, "ManufacturerModelName"))))
    attributes = {"vendor": vendor} if vendor else {}
    if weight_kg:
        attributes["weight_g"] = f"{weight_kg * 1000:.0f}"
    return attributes
