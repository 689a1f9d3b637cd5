"""What other systems asked this node to keep, and whether they were told."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "commitment_request",
        sa.Column("request_id", ROW_ID, nullable=False),
        sa.Column("calling_ae_title", TEXT, nullable=False),
        sa.Column("transaction_uid", TEXT, nullable=False),
        sa.Column("objects", sa.JSON(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("request_id", name="pk_commitment_request"),
        sa.UniqueConstraint(
            "calling_ae_title",
            "transaction_uid",
            name="uq_commitment_request_calling_ae_title_transaction_uid",
        ),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ix_commitment_request_run_at",
        "commitment_request",
        ["run_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
