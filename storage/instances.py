"""The index: which instances are stored, of which series and study, and where their bytes are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, select

from storage.attributes import (
    IMAGE_ATTRIBUTES,
    LONGEST_TEXT,
    PATIENT_ATTRIBUTES,
    SERIES_ATTRIBUTES,
    STUDY_ATTRIBUTES,
    IndexedAttribute,
    clean_text,
    to_columns,
)
from storage.databases import insert_new
from storage.errors import NotInLedger
from storage.names import name_keys
from storage.sequences import to_item_rows
from storage.tables import instance, sequence_item, series, study
from storage.values import Attributes, ReceivedInstance, Role, StoredFile, StoredInstance

_REQUIRED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
_KEY_SEPARATOR = "\x1f"

Values = dict[str, Any]

# Made once: putting these statements together costs more than running them.
STORED = select(
    instance.c.instance_id,
    instance.c.sop_instance_uid,
    instance.c.sop_class_uid,
    series.c.series_instance_uid,
    study.c.study_instance_uid,
    instance.c.role,
    instance.c.variant,
    instance.c.transfer_syntax_uid,
    instance.c.calling_ae_title,
    instance.c.received_at,
    instance.c.path,
    instance.c.sha256,
    instance.c.size_bytes,
    instance.c.source_instance_id,
).select_from(instance.join(series).join(study))
"""Every instance, with the columns that `to_stored` takes."""
_VARIANTS = STORED.where(instance.c.sop_instance_uid == bindparam("sop_instance_uid")).order_by(
    instance.c.variant
)
_STUDY_ROW = select(study.c.study_row).where(study.c.study_instance_uid == bindparam("study_instance_uid"))
_SERIES_ROW = select(series.c.series_row).where(
    series.c.series_instance_uid == bindparam("series_instance_uid"),
    series.c.study_row == bindparam("study_row"),
)


@dataclass(frozen=True, slots=True)
class Added:
    """What ``add_instance`` did.

    Attributes
    ----------
    is_new
        False when exactly these bytes were there already; nothing was added then.
    is_conflict
        True when the SOP Instance UID was first seen with other bytes: ``instance.variant`` is at least 1.
    """

    instance: StoredInstance
    is_new: bool
    is_conflict: bool


def add_instance(
    connection: Connection,
    received: ReceivedInstance,
    file: StoredFile,
    role: Role,
    *,
    source_instance_id: int | None = None,
) -> Added:
    """Enter an instance whose file is durable, with its series and study where they are new.

    The attributes of a series or study are those of its first instance.

    Raises
    ------
    ValueError
        If a UID of the three levels or the SOP Class UID is missing.
    """
    for keyword in _REQUIRED:
        if not clean_text(received.attributes.get(keyword) or ""):
            message = f"An instance without {keyword} cannot be indexed."
            raise ValueError(message)
    sop_instance_uid = clean_text(received.attributes["SOPInstanceUID"])
    while True:
        variants = find_variants(connection, sop_instance_uid)
        for known in variants:
            if known.file.sha256 == file.sha256:
                return Added(known, is_new=False, is_conflict=known.variant > 0)
        values = _provenance(received, file) | {
            "variant": len(variants),
            "role": role,
            "source_instance_id": source_instance_id,
        }
        added = _insert(connection, received.attributes, values)
        # Without a row, another transaction entered this variant first: look again.
        if added is not None:
            return Added(added, is_new=True, is_conflict=added.variant > 0)


def find_instance(
    connection: Connection, sop_instance_uid: str, *, variant: int = 0
) -> StoredInstance | None:
    """Look an instance up by its UID; by default the first bytes seen under it."""
    variants = find_variants(connection, clean_text(sop_instance_uid))
    return next((known for known in variants if known.variant == variant), None)


def get_instance(connection: Connection, instance_id: int) -> StoredInstance:
    """Give an instance by the ledger's own key.

    Raises
    ------
    NotInLedger
        If there is none.
    """
    row = connection.execute(STORED.where(instance.c.instance_id == instance_id)).mappings().one_or_none()
    if row is None:
        message = f"The ledger has no instance {instance_id}."
        raise NotInLedger(message)
    return to_stored(row)


def get_instances(connection: Connection, instance_ids: Sequence[int]) -> list[StoredInstance]:
    """Give several instances in the order of their keys asked for.

    Raises
    ------
    NotInLedger
        If one of them is not there.
    """
    rows = connection.execute(STORED.where(instance.c.instance_id.in_(instance_ids)))
    found = {row["instance_id"]: to_stored(row) for row in rows.mappings()}
    missing = [instance_id for instance_id in instance_ids if instance_id not in found]
    if missing:
        message = f"The ledger has no instances {missing}."
        raise NotInLedger(message)
    return [found[instance_id] for instance_id in instance_ids]


def results_of(connection: Connection, source_instance_id: int) -> list[StoredInstance]:
    """Give the results made from a radiograph, oldest first."""
    rows = connection.execute(
        STORED.where(instance.c.source_instance_id == source_instance_id).order_by(instance.c.instance_id)
    )
    return [to_stored(row) for row in rows.mappings()]


def patient_key(attributes: Attributes) -> str:
    """Tell patients apart: by Patient ID and its issuer, without an ID by name, without both by study.

    Newborns often arrive without a Patient ID; they must not be taken for one patient.
    """
    patient_id = clean_text(attributes.get("PatientID") or "")
    issuer = clean_text(attributes.get("IssuerOfPatientID") or "")
    name = "=".join(name_keys(clean_text(attributes.get("PatientName") or "")))[:LONGEST_TEXT]
    if patient_id:
        return _KEY_SEPARATOR.join(("id", issuer, patient_id))
    if name.strip("="):
        return _KEY_SEPARATOR.join(("name", issuer, name))
    return _KEY_SEPARATOR.join(("study", clean_text(attributes["StudyInstanceUID"])))


def _insert(connection: Connection, attributes: Attributes, values: Values) -> StoredInstance | None:
    of_study = _indexed(attributes, (*PATIENT_ATTRIBUTES, *STUDY_ATTRIBUTES))
    of_study["patient_key"] = patient_key(attributes)
    of_series = _indexed(attributes, SERIES_ATTRIBUTES)
    of_series["study_row"] = _row_of(connection, study, _STUDY_ROW, of_study)
    values = {**_indexed(attributes, IMAGE_ATTRIBUTES), **values}
    values["series_row"] = _row_of(connection, series, _SERIES_ROW, of_series)
    instance_id = connection.scalar(insert_new(connection, instance, instance.c.instance_id), values)
    if instance_id is None:
        return None
    items = to_item_rows(attributes, instance_id)
    if items:
        connection.execute(insert_new(connection, sequence_item), items)
    return to_stored({**of_study, **of_series, **values, "instance_id": instance_id})


def _row_of(connection: Connection, table: Table, wanted: Select[int], values: Values) -> int:
    found = connection.scalar(wanted, values)
    if found is None:
        connection.execute(insert_new(connection, table), values)
        found = connection.execute(wanted, values).scalar_one()
    return found


def _indexed(attributes: Attributes, wanted: tuple[IndexedAttribute, ...]) -> Values:
    values: Values = {}
    for attribute in wanted:
        values |= to_columns(attribute, attributes.get(attribute.keyword))
    return values


def _provenance(received: ReceivedInstance, file: StoredFile) -> Values:
    return {
        "transfer_syntax_uid": received.transfer_syntax_uid,
        "calling_ae_title": clean_text(received.calling_ae_title),
        "called_ae_title": clean_text(received.called_ae_title),
        "peer_address": received.peer_address,
        "received_at": received.received_at,
        "path": file.path,
        "sha256": file.sha256,
        "size_bytes": file.size_bytes,
    }


def find_variants(connection: Connection, sop_instance_uid: str) -> list[StoredInstance]:
    """Give all that was received under a SOP Instance UID, the first bytes first."""
    rows = connection.execute(_VARIANTS, {"sop_instance_uid": sop_instance_uid})
    return [to_stored(row) for row in rows.mappings()]


def to_stored(row: Mapping[Any, Any]) -> StoredInstance:
    """Make the value of a row of ``STORED``."""
    return StoredInstance(
        instance_id=row["instance_id"],
        sop_instance_uid=row["sop_instance_uid"],
        sop_class_uid=row["sop_class_uid"],
        series_instance_uid=row["series_instance_uid"],
        study_instance_uid=row["study_instance_uid"],
        role=Role(row["role"]),
        variant=row["variant"],
        transfer_syntax_uid=row["transfer_syntax_uid"],
        calling_ae_title=row["calling_ae_title"],
        received_at=row["received_at"],
        file=StoredFile(path=row["path"], sha256=row["sha256"], size_bytes=row["size_bytes"]),
        source_instance_id=row["source_instance_id"],
    )
