"""The tables of the ledger.

::

    study --< series --< instance --< job
                            |   |---< sequence_item
                            |   |---< analysis
                            |   |---< routing (what was decided about a film, and why)
                            |   |---- exposure (what tells that two films show one exposure)
                            |   |---< delivery
                            |   `---< commitment_member >-- commitment
                            `--- source_instance_id (a result names its radiograph)
    destination (circuit breaker)      event (audit trail)      backfill (index of older rows)

A change here needs a step in ``migrations/versions`` and a new ``SCHEMA_VERSION``; a test compares the two.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from storage.attributes import (
    IMAGE_ATTRIBUTES,
    ITEM_ATTRIBUTES,
    PATIENT_ATTRIBUTES,
    SERIES_ATTRIBUTES,
    STUDY_ATTRIBUTES,
    Comparison,
    IndexedAttribute,
)

SCHEMA_VERSION = "0003"
"""The newest migration, known here so that opening an up-to-date ledger need not load Alembic."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC that both databases order correctly.

    PostgreSQL keeps ``timestamptz``; SQLite keeps text of fixed width without an offset, so only UTC goes in.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments and drop the offset for SQLite."""
        if value is None:
            return None
        if value.tzinfo is None:
            message = "The ledger takes moments with a time zone only."
            raise ValueError(message)
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every moment in UTC, with its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Ordered by code point on both databases, whatever the locale of the PostgreSQL database."""
ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives out row numbers only to columns declared exactly INTEGER."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _columns(attributes: tuple[IndexedAttribute, ...], *required: str) -> list[Column[object]]:
    columns: list[Column[object]] = []
    for attribute in attributes:
        kind: TypeEngine[Any] = Integer() if attribute.comparison is Comparison.NUMBER else TEXT
        columns.append(Column(attribute.column, kind, nullable=attribute.keyword not in required))
        columns.extend(Column(key_column, TEXT, nullable=True) for key_column in attribute.key_columns)
    return columns


def _reference(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, ROW_ID, ForeignKey(target), nullable=nullable)


def _text(name: str) -> Column[str]:
    return Column(name, TEXT, nullable=False)


def _partial_index(name: str | None, *columns: str | ColumnElement[object], where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


study = Table(
    "study",
    metadata,
    Column("study_row", ROW_ID, primary_key=True),
    # Which studies are of one patient; see storage.instances.patient_key.
    _text("patient_key"),
    *_columns(PATIENT_ATTRIBUTES),
    *_columns(STUDY_ATTRIBUTES, "StudyInstanceUID"),
    UniqueConstraint("study_instance_uid"),
    Index(None, "patient_key", "study_row"),
    Index(None, "patient_id"),
    Index(None, "study_date"),
    Index(None, "accession_number"),
    Index(None, "patient_name_alphabetic"),
    _partial_index(None, "patient_name_ideographic", where="patient_name_ideographic IS NOT NULL"),
    _partial_index(None, "patient_name_phonetic", where="patient_name_phonetic IS NOT NULL"),
)

series = Table(
    "series",
    metadata,
    Column("series_row", ROW_ID, primary_key=True),
    _reference("study_row", "study.study_row"),
    *_columns(SERIES_ATTRIBUTES, "SeriesInstanceUID"),
    # A modality that uses one Series Instance UID in two studies errs, but its films must not be lost.
    UniqueConstraint("series_instance_uid", "study_row"),
    Index(None, "study_row"),
)

instance = Table(
    "instance",
    metadata,
    Column("instance_id", ROW_ID, primary_key=True),
    _reference("series_row", "series.series_row"),
    *_columns(IMAGE_ATTRIBUTES, "SOPInstanceUID", "SOPClassUID"),
    Column("variant", Integer, nullable=False),
    _text("role"),
    _text("transfer_syntax_uid"),
    _text("calling_ae_title"),
    _text("called_ae_title"),
    _text("peer_address"),
    Column("received_at", UtcDateTime, nullable=False),
    _text("path"),
    _text("sha256"),
    Column("size_bytes", BigInteger, nullable=False),
    _reference("source_instance_id", "instance.instance_id", nullable=True),
    UniqueConstraint("sop_instance_uid", "variant"),
    Index(None, "series_row", "variant"),
    _partial_index(None, "source_instance_id", where="source_instance_id IS NOT NULL"),
)

sequence_item = Table(
    "sequence_item",
    metadata,
    Column("item_row", ROW_ID, primary_key=True),
    _reference("instance_id", "instance.instance_id"),
    _text("sequence"),
    *_columns(ITEM_ATTRIBUTES),
    Index(None, "instance_id"),
    _partial_index(None, "code_value", where="code_value IS NOT NULL"),
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
    _text("kind"),
    _text("destination"),
    _text("key"),
    _reference("instance_id", "instance.instance_id"),
    _text("state"),
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("token", TEXT, nullable=True),
    _text("owner"),
    _text("error"),
    Column("enqueued_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime, nullable=True),
    UniqueConstraint("kind", "destination", "key"),
    # Not over READY jobs: PostgreSQL would at times take it for claims, and sort the whole backlog.
    _partial_index(None, "state", "kind", "destination", where="state <> 'ready'"),
    Index(None, "instance_id"),
)
_claim_order = (job.c.kind, job.c.destination, job.c.priority.desc(), job.c.job_id)
_partial_index("ix_job_fresh", *_claim_order, where="state = 'ready' AND attempts = 0")
_partial_index("ix_job_retried", *_claim_order, where="state = 'ready' AND attempts > 0")

analysis = Table(
    "analysis",
    metadata,
    Column("analysis_id", ROW_ID, primary_key=True),
    _reference("source_instance_id", "instance.instance_id"),
    _text("bundle_digest"),
    _text("pipeline_version"),
    _text("outcome"),
    _text("explanation"),
    Column("probability", Float(53), nullable=True),
    Column("threshold", Float(53), nullable=True),
    Column("area_pixels", BigInteger, nullable=True),
    Column("area_mm2", Float(53), nullable=True),
    Column("details", JSON, nullable=False),
    Column("analysed_at", UtcDateTime, nullable=False),
    Index(None, "source_instance_id"),
)

routing = Table(
    "routing",
    metadata,
    Column("routing_id", ROW_ID, primary_key=True),
    _reference("instance_id", "instance.instance_id"),
    _text("stage"),
    _text("route"),
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
    _reference("instance_id", "instance.instance_id"),
    _text("destination"),
    Column("status", Integer, nullable=False),
    Column("delivered_at", UtcDateTime, nullable=False),
    Column("committed_at", UtcDateTime, nullable=True),
    Index(None, "instance_id", "destination"),
)

commitment = Table(
    "commitment",
    metadata,
    Column("transaction_uid", TEXT, primary_key=True),
    _text("destination"),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("reported_at", UtcDateTime, nullable=True),
)

commitment_member = Table(
    "commitment_member",
    metadata,
    Column("transaction_uid", TEXT, ForeignKey("commitment.transaction_uid"), primary_key=True),
    Column("job_id", ROW_ID, ForeignKey("job.job_id"), primary_key=True),
    _reference("instance_id", "instance.instance_id"),
    _text("sop_instance_uid"),
    _text("token"),
    # NULL until reported; 0 committed, else the Failure Reason (0008,1197).
    Column("failure_reason", Integer, nullable=True),
    Index(None, "job_id"),
)

destination = Table(
    "destination",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("down_until", UtcDateTime, nullable=True),
    _text("error"),
    Column("changed_at", UtcDateTime, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("event_id", ROW_ID, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    _text("what"),
    _text("subject"),
    _text("detail"),
    Index(None, "subject"),
)
