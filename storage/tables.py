"""The tables of the ledger.

::

    study --< series --< instance --< job
                            |   |---< sequence_item
                            |   |---< analysis, shadow (what the bundle in shadow said)
                            |   |---< routing (what was decided about a film, and why)
                            |   |---- exposure (what tells that two films show one exposure)
                            |   |---< delivery
                            |   `---< commitment_member >-- commitment
                            `--- source_instance_id (a result names its radiograph)
    campaign --< campaign_study        promotion (which model bundle works)
    annotation (what people said of films, by SOP Instance UID)
    commitment_request (what others asked this node to keep)
    destination (circuit breaker)      event (history)      backfill (index of older rows)

A change here needs a step in ``migrations/versions`` and a new ``SCHEMA_VERSION``; a test compares the two.
"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from storage.attributes import (
    IMAGE_ATTRIBUTES,
    ITEM_ATTRIBUTES,
    PATIENT_ATTRIBUTES,
    SERIES_ATTRIBUTES,
    STUDY_ATTRIBUTES,
)
from storage.columns import (
    ROW_ID,
    TEXT,
    UtcDateTime,
    attribute_columns,
    partial_index,
    reference,
    text_column,
)
from storage.columns import metadata as metadata  # with all the tables in it
from storage.judgement_tables import analysis as analysis
from storage.judgement_tables import annotation as annotation
from storage.judgement_tables import promotion as promotion
from storage.judgement_tables import shadow as shadow

SCHEMA_VERSION = "0009"
"""The newest migration, known here so that opening an up-to-date ledger need not load Alembic."""

study = Table(
    "study",
    metadata,
    Column("study_row", ROW_ID, primary_key=True),
    # Which studies are of one patient; see storage.instances.patient_key.
    text_column("patient_key"),
    *attribute_columns(PATIENT_ATTRIBUTES),
    *attribute_columns(STUDY_ATTRIBUTES, "StudyInstanceUID"),
    UniqueConstraint("study_instance_uid"),
    Index(None, "patient_key", "study_row"),
    Index(None, "patient_id"),
    Index(None, "study_date"),
    Index(None, "accession_number"),
    Index(None, "patient_name_alphabetic"),
    partial_index(None, "patient_name_ideographic", where="patient_name_ideographic IS NOT NULL"),
    partial_index(None, "patient_name_phonetic", where="patient_name_phonetic IS NOT NULL"),
)

series = Table(
    "series",
    metadata,
    Column("series_row", ROW_ID, primary_key=True),
    reference("study_row", "study.study_row"),
    *attribute_columns(SERIES_ATTRIBUTES, "SeriesInstanceUID"),
    # A modality that uses one Series Instance UID in two studies errs, but its films must not be lost.
    UniqueConstraint("series_instance_uid", "study_row"),
    Index(None, "study_row"),
)

instance = Table(
    "instance",
    metadata,
    Column("instance_id", ROW_ID, primary_key=True),
    reference("series_row", "series.series_row"),
    *attribute_columns(IMAGE_ATTRIBUTES, "SOPInstanceUID", "SOPClassUID"),
    Column("variant", Integer, nullable=False),
    text_column("role"),
    text_column("transfer_syntax_uid"),
    text_column("calling_ae_title"),
    text_column("called_ae_title"),
    text_column("peer_address"),
    Column("received_at", UtcDateTime, nullable=False),
    text_column("path"),
    text_column("sha256"),
    Column("size_bytes", BigInteger, nullable=False),
    reference("source_instance_id", "instance.instance_id", nullable=True),
    UniqueConstraint("sop_instance_uid", "variant"),
    Index(None, "series_row", "variant"),
    partial_index(None, "source_instance_id", where="source_instance_id IS NOT NULL"),
)

sequence_item = Table(
    "sequence_item",
    metadata,
    Column("item_row", ROW_ID, primary_key=True),
    reference("instance_id", "instance.instance_id"),
    text_column("sequence"),
    *attribute_columns(ITEM_ATTRIBUTES),
    Index(None, "instance_id"),
    partial_index(None, "code_value", where="code_value IS NOT NULL"),
)

# What rows of before a migration still lack: instances up to last_instance_id are read once more.
backfill = Table(
    "backfill",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("next_instance_id", ROW_ID, nullable=False),
    Column("last_instance_id", ROW_ID, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("job_id", ROW_ID, primary_key=True),
    text_column("kind"),
    text_column("destination"),
    text_column("key"),
    reference("instance_id", "instance.instance_id"),
    text_column("state"),
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("token", TEXT, nullable=True),
    text_column("owner"),
    text_column("error"),
    Column("enqueued_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=True),
    # Of a film's ANALYSE job: how often the film was asked for again, since enqueued_at.
    Column("generation", Integer, nullable=False, server_default="0"),
    UniqueConstraint("kind", "destination", "key"),
    # Not over READY jobs: PostgreSQL would at times take it for claims, and sort the whole backlog.
    partial_index(None, "state", "kind", "destination", where="state <> 'ready'"),
    Index(None, "instance_id"),
)
_claim_order = (job.c.kind, job.c.destination, job.c.priority.desc(), job.c.job_id)
partial_index("ix_job_fresh", *_claim_order, where="state = 'ready' AND attempts = 0")
partial_index("ix_job_retried", *_claim_order, where="state = 'ready' AND attempts > 0")

routing = Table(
    "routing",
    metadata,
    Column("routing_id", ROW_ID, primary_key=True),
    reference("instance_id", "instance.instance_id"),
    text_column("stage"),
    text_column("route"),
    Column("decision", JSON, nullable=False),
    Column("decided_at", UtcDateTime, nullable=False),
    Index(None, "instance_id"),
)

exposure = Table(
    "exposure",
    metadata,
    Column("instance_id", ROW_ID, ForeignKey("instance.instance_id"), primary_key=True, autoincrement=False),
    # What tells whether two films show one exposure; see pipeline.gate.exposure.
    Column("facts", JSON, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("delivery_id", ROW_ID, primary_key=True),
    reference("instance_id", "instance.instance_id"),
    text_column("destination"),
    Column("status", Integer, nullable=False),
    Column("delivered_at", UtcDateTime, nullable=False),
    Column("committed_at", UtcDateTime, nullable=True),
    Index(None, "instance_id", "destination"),
)

commitment = Table(
    "commitment",
    metadata,
    Column("transaction_uid", TEXT, primary_key=True),
    text_column("destination"),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("reported_at", UtcDateTime, nullable=True),
)

commitment_member = Table(
    "commitment_member",
    metadata,
    Column("transaction_uid", TEXT, ForeignKey("commitment.transaction_uid"), primary_key=True),
    Column("job_id", ROW_ID, ForeignKey("job.job_id"), primary_key=True),
    reference("instance_id", "instance.instance_id"),
    text_column("sop_instance_uid"),
    text_column("token"),
    # NULL until reported; 0 committed, else the Failure Reason (0008,1197).
    Column("failure_reason", Integer, nullable=True),
    Index(None, "job_id"),
)

commitment_request = Table(
    "commitment_request",
    metadata,
    Column("request_id", ROW_ID, primary_key=True),
    text_column("calling_ae_title"),
    text_column("transaction_uid"),
    # Pairs of SOP Class UID and SOP Instance UID.
    Column("objects", JSON, nullable=False),
    text_column("state"),
    Column("attempts", Integer, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    text_column("error"),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=True),
    UniqueConstraint("calling_ae_title", "transaction_uid"),
    partial_index(None, "run_at", where="state = 'open'"),
)

destination = Table(
    "destination",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("down_until", UtcDateTime, nullable=True),
    text_column("error"),
    Column("changed_at", UtcDateTime, nullable=False),
)

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_id", ROW_ID, primary_key=True),
    text_column("name"),
    text_column("destination"),
    Column("criteria", JSON, nullable=False),
    text_column("state"),
    Column("round", Integer, nullable=False),
    # Days in ISO 8601.
    text_column("search_next"),
    text_column("search_to"),
    text_column("error"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("name"),
)

campaign_study = Table(
    "campaign_study",
    metadata,
    Column("study_row", ROW_ID, primary_key=True),
    reference("campaign_id", "campaign.campaign_id"),
    text_column("study_instance_uid"),
    text_column("state"),
    Column("round", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("fetched", Integer, nullable=False),
    text_column("error"),
    Column("run_at", UtcDateTime, nullable=False),
    Column("expected_until", UtcDateTime, nullable=True),
    UniqueConstraint("campaign_id", "study_instance_uid"),
    Index(None, "campaign_id", "state", "run_at"),
    Index(None, "study_instance_uid"),
)

event = Table(
    "event",
    metadata,
    Column("event_id", ROW_ID, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    text_column("what"),
    text_column("subject"),
    text_column("detail"),
    Index(None, "subject"),
)
