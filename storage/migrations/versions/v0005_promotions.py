"""Which model bundle works, and which one runs in its shadow."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table."""
    texts = ("part", "digest", "name", "verdict", "decided_by", "reason")
    op.create_table(
        "promotion",
        sa.Column("promotion_id", ROW_ID, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in texts),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("promotion_id", name="pk_promotion"),
    )
