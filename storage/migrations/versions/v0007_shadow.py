"""What the bundle in shadow says of films."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "shadow",
        sa.Column("shadow_id", ROW_ID, nullable=False),
        sa.Column("source_instance_id", ROW_ID, nullable=False),
        *(
            sa.Column(name, TEXT, nullable=False)
            for name in ("bundle_digest", "pipeline_version", "outcome", "explanation")
        ),
        sa.Column("probability", sa.Float(53), nullable=True),
        sa.Column("threshold", sa.Float(53), nullable=True),
        sa.Column("area_pixels", sa.BigInteger, nullable=True),
        sa.Column("area_mm2", sa.Float(53), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("analysed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("shadow_id", name="pk_shadow"),
        sa.UniqueConstraint(
            "source_instance_id", "bundle_digest", name="uq_shadow_source_instance_id_bundle_digest"
        ),
        sa.ForeignKeyConstraint(
            ["source_instance_id"], ["instance.instance_id"], name="fk_shadow_source_instance_id"
        ),
    )
