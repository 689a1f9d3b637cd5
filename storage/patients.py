"""Whose studies they are, for the audit trail."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from storage.tables import study
from storage.values import Attributes

_KEYWORDS = {
    "StudyInstanceUID": study.c.study_instance_uid,
    "PatientID": study.c.patient_id,
    "PatientName": study.c.patient_name,
    "AccessionNumber": study.c.accession_number,
}


def patients_of(connection: Connection, study_uids: Iterable[str]) -> Mapping[str, Attributes]:
    """Give patient and accession number of studies, by keyword, by Study Instance UID."""
    wanted = select(*(column.label(keyword) for keyword, column in _KEYWORDS.items())).where(
        study.c.study_instance_uid.in_(set(study_uids))
    )
    return {str(row["StudyInstanceUID"]): dict(row) for row in connection.execute(wanted).mappings()}
