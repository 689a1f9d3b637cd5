"""What people said of films."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "annotation",
        sa.Column("annotation_id", ROW_ID, nullable=False),
        sa.Column("film_uid", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("object_instance_id", ROW_ID, nullable=True),
        sa.Column("has_lungs", sa.Boolean, nullable=False),
        sa.Column("rds", sa.Boolean, nullable=True),
        sa.Column("grade", sa.Integer, nullable=True),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("said_at", TEXT, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("annotation_id", name="pk_annotation"),
        sa.ForeignKeyConstraint(
            ["object_instance_id"], ["instance.instance_id"], name="fk_annotation_object_instance_id"
        ),
    )
    op.create_index("ix_annotation_film_uid", "annotation", ["film_uid"])
