"""What routes decided about films, and what tells whether two films show one exposure."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "exposure",
        sa.Column("instance_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("instance_id", name="pk_exposure"),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.instance_id"], name="fk_exposure_instance_id"),
    )
    op.create_table(
        "routing",
        sa.Column("routing_id", ROW_ID, nullable=False),
        sa.Column("instance_id", ROW_ID, nullable=False),
        sa.Column("stage", TEXT, nullable=False),
        sa.Column("route", TEXT, nullable=False),
        sa.Column("decision", sa.JSON(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("routing_id", name="pk_routing"),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.instance_id"], name="fk_routing_instance_id"),
    )
    op.create_index("ix_routing_instance_id", "routing", ["instance_id"])
