"""The tables of what models and people said of films, and of which model works."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, Table, UniqueConstraint

from storage.columns import ROW_ID, UtcDateTime, metadata, reference, text_column


def _analysis_columns() -> list[Column[Any]]:
    return [
        reference("source_instance_id", "instance.instance_id"),
        text_column("bundle_digest"),
        text_column("pipeline_version"),
        text_column("outcome"),
        text_column("explanation"),
        Column("probability", Float(53), nullable=True),
        Column("threshold", Float(53), nullable=True),
        Column("area_pixels", BigInteger, nullable=True),
        Column("area_mm2", Float(53), nullable=True),
        Column("details", JSON, nullable=False),
        Column("analysed_at", UtcDateTime, nullable=False),
    ]


def _generation() -> Column[int]:
    """How often a film had been asked for again; the last column, since it came after the others."""
    return Column("generation", Integer, nullable=False, server_default="0")


analysis = Table(
    "analysis",
    metadata,
    Column("analysis_id", ROW_ID, primary_key=True),
    *_analysis_columns(),
    _generation(),
    Index(None, "source_instance_id"),
)

shadow = Table(
    "shadow",
    metadata,
    Column("shadow_id", ROW_ID, primary_key=True),
    *_analysis_columns(),
    _generation(),
    UniqueConstraint("source_instance_id", "bundle_digest"),
)

promotion = Table(
    "promotion",
    metadata,
    Column("promotion_id", ROW_ID, primary_key=True),
    text_column("part"),
    text_column("digest"),
    text_column("name"),
    text_column("verdict"),
    text_column("decided_by"),
    text_column("reason"),
    Column("at", UtcDateTime, nullable=False),
)

annotation = Table(
    "annotation",
    metadata,
    Column("annotation_id", ROW_ID, primary_key=True),
    # No reference: what is said may come before the film.
    text_column("film_uid"),
    text_column("channel"),
    reference("object_instance_id", "instance.instance_id", nullable=True),
    Column("has_lungs", Boolean, nullable=False),
    Column("rds", Boolean, nullable=True),
    Column("grade", Integer, nullable=True),
    text_column("author"),
    text_column("said_at"),
    Column("noted_at", UtcDateTime, nullable=False),
    Index(None, "film_uid"),
)
