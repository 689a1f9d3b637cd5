"""The first tables: index, queue, analyses, deliveries, commitments, breaker, events."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make every table."""
    _commitment()
    _destination()
    _event()
    _study()
    _series()
    _instance()
    _analysis()
    _delivery()
    _job()
    _commitment_member()


def _texts(names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, TEXT, nullable=True) for name in names.split()]


def _partial_index(name: str, table: str, columns: Sequence[str | sa.TextClause], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _commitment() -> None:
    op.create_table(
        "commitment",
        sa.Column("transaction_uid", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("reported_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("transaction_uid", name="pk_commitment"),
    )


def _destination() -> None:
    op.create_table(
        "destination",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("down_until", MOMENT, nullable=True),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_destination"),
    )


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("event_id", ROW_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_event"),
    )
    op.create_index("ix_event_subject", "event", ["subject"])


def _study() -> None:
    op.create_table(
        "study",
        sa.Column("study_row", ROW_ID, nullable=False),
        sa.Column("patient_key", TEXT, nullable=False),
        *_texts("""
            patient_id issuer_of_patient_id patient_name patient_name_alphabetic
            patient_name_ideographic patient_name_phonetic patient_birth_date patient_sex
        """),
        sa.Column("study_instance_uid", TEXT, nullable=False),
        *_texts("""
            study_date study_time accession_number study_id study_description referring_physician_name
            referring_physician_name_alphabetic referring_physician_name_ideographic
            referring_physician_name_phonetic patient_age
        """),
        sa.PrimaryKeyConstraint("study_row", name="pk_study"),
        sa.UniqueConstraint("study_instance_uid", name="uq_study_study_instance_uid"),
    )
    op.create_index("ix_study_accession_number", "study", ["accession_number"])
    op.create_index("ix_study_patient_id", "study", ["patient_id"])
    op.create_index("ix_study_patient_key_study_row", "study", ["patient_key", "study_row"])
    op.create_index("ix_study_patient_name_alphabetic", "study", ["patient_name_alphabetic"])
    _partial_index(
        "ix_study_patient_name_ideographic",
        "study",
        ["patient_name_ideographic"],
        "patient_name_ideographic IS NOT NULL",
    )
    _partial_index(
        "ix_study_patient_name_phonetic",
        "study",
        ["patient_name_phonetic"],
        "patient_name_phonetic IS NOT NULL",
    )
    op.create_index("ix_study_study_date", "study", ["study_date"])


def _series() -> None:
    op.create_table(
        "series",
        sa.Column("series_row", ROW_ID, nullable=False),
        sa.Column("study_row", ROW_ID, nullable=False),
        sa.Column("series_instance_uid", TEXT, nullable=False),
        *_texts("modality"),
        sa.Column("series_number", sa.Integer(), nullable=True),
        *_texts("""
            series_description series_date series_time body_part_examined laterality protocol_name
            performed_procedure_step_start_date performed_procedure_step_start_time institution_name
            station_name manufacturer manufacturer_model_name
        """),
        sa.PrimaryKeyConstraint("series_row", name="pk_series"),
        sa.UniqueConstraint(
            "series_instance_uid", "study_row", name="uq_series_series_instance_uid_study_row"
        ),
        sa.ForeignKeyConstraint(["study_row"], ["study.study_row"], name="fk_series_study_row"),
    )
    op.create_index("ix_series_study_row", "series", ["study_row"])


def _instance() -> None:
    op.create_table(
        "instance",
        sa.Column("instance_id", ROW_ID, nullable=False),
        sa.Column("series_row", ROW_ID, nullable=False),
        sa.Column("sop_instance_uid", TEXT, nullable=False),
        sa.Column("sop_class_uid", TEXT, nullable=False),
        sa.Column("instance_number", sa.Integer(), nullable=True),
        *_texts("""
            content_date content_time acquisition_date acquisition_time image_type view_position
            presentation_intent_type photometric_interpretation
        """),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("columns", sa.Integer(), nullable=True),
        sa.Column("bits_allocated", sa.Integer(), nullable=True),
        sa.Column("bits_stored", sa.Integer(), nullable=True),
        sa.Column("number_of_frames", sa.Integer(), nullable=True),
        *_texts("""
            content_label completion_flag verification_flag timezone_offset_from_utc
        """),
        sa.Column("variant", sa.Integer(), nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("transfer_syntax_uid", TEXT, nullable=False),
        sa.Column("calling_ae_title", TEXT, nullable=False),
        sa.Column("called_ae_title", TEXT, nullable=False),
        sa.Column("peer_address", TEXT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("source_instance_id", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("instance_id", name="pk_instance"),
        sa.UniqueConstraint("sop_instance_uid", "variant", name="uq_instance_sop_instance_uid_variant"),
        sa.ForeignKeyConstraint(["series_row"], ["series.series_row"], name="fk_instance_series_row"),
        sa.ForeignKeyConstraint(
            ["source_instance_id"], ["instance.instance_id"], name="fk_instance_source_instance_id"
        ),
    )
    op.create_index("ix_instance_series_row_variant", "instance", ["series_row", "variant"])
    _partial_index(
        "ix_instance_source_instance_id", "instance", ["source_instance_id"], "source_instance_id IS NOT NULL"
    )


def _analysis() -> None:
    op.create_table(
        "analysis",
        sa.Column("analysis_id", ROW_ID, nullable=False),
        sa.Column("source_instance_id", ROW_ID, nullable=False),
        sa.Column("bundle_digest", TEXT, nullable=False),
        sa.Column("pipeline_version", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("explanation", TEXT, nullable=False),
        sa.Column("probability", sa.Float(53), nullable=True),
        sa.Column("threshold", sa.Float(53), nullable=True),
        sa.Column("area_pixels", sa.BigInteger(), nullable=True),
        sa.Column("area_mm2", sa.Float(53), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("analysed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("analysis_id", name="pk_analysis"),
        sa.ForeignKeyConstraint(
            ["source_instance_id"], ["instance.instance_id"], name="fk_analysis_source_instance_id"
        ),
    )
    op.create_index("ix_analysis_source_instance_id", "analysis", ["source_instance_id"])


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("delivery_id", ROW_ID, nullable=False),
        sa.Column("instance_id", ROW_ID, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=False),
        sa.Column("committed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.instance_id"], name="fk_delivery_instance_id"),
    )
    op.create_index("ix_delivery_instance_id_destination", "delivery", ["instance_id", "destination"])


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("job_id", ROW_ID, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("instance_id", ROW_ID, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("run_at", MOMENT, nullable=False),
        *_texts("token"),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("enqueued_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("job_id", name="pk_job"),
        sa.UniqueConstraint("kind", "destination", "key", name="uq_job_kind_destination_key"),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.instance_id"], name="fk_job_instance_id"),
    )
    _partial_index(
        "ix_job_fresh",
        "job",
        ["kind", "destination", sa.text("priority DESC"), "job_id"],
        "state = 'ready' AND attempts = 0",
    )
    op.create_index("ix_job_instance_id", "job", ["instance_id"])
    _partial_index(
        "ix_job_retried",
        "job",
        ["kind", "destination", sa.text("priority DESC"), "job_id"],
        "state = 'ready' AND attempts > 0",
    )
    _partial_index(
        "ix_job_state_kind_destination", "job", ["state", "kind", "destination"], "state <> 'ready'"
    )


def _commitment_member() -> None:
    op.create_table(
        "commitment_member",
        sa.Column("transaction_uid", TEXT, nullable=False),
        sa.Column("job_id", ROW_ID, nullable=False),
        sa.Column("instance_id", ROW_ID, nullable=False),
        sa.Column("sop_instance_uid", TEXT, nullable=False),
        sa.Column("token", TEXT, nullable=False),
        sa.Column("failure_reason", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("transaction_uid", "job_id", name="pk_commitment_member"),
        sa.ForeignKeyConstraint(
            ["transaction_uid"], ["commitment.transaction_uid"], name="fk_commitment_member_transaction_uid"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.job_id"], name="fk_commitment_member_job_id"),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instance.instance_id"], name="fk_commitment_member_instance_id"
        ),
    )
    op.create_index("ix_commitment_member_job_id", "commitment_member", ["job_id"])
