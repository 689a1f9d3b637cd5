"""Campaigns that fetch studies from a PACS."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "campaign",
        sa.Column("campaign_id", ROW_ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("destination", TEXT, nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("search_next", TEXT, nullable=False),
        sa.Column("search_to", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign"),
        sa.UniqueConstraint("name", name="uq_campaign_name"),
    )
    op.create_table(
        "campaign_study",
        sa.Column("study_row", ROW_ID, nullable=False),
        sa.Column("campaign_id", ROW_ID, nullable=False),
        sa.Column("study_instance_uid", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("fetched", sa.Integer(), nullable=False),
        sa.Column("error", TEXT, nullable=False),
        sa.Column("run_at", MOMENT, nullable=False),
        sa.Column("expected_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("study_row", name="pk_campaign_study"),
        sa.UniqueConstraint(
            "campaign_id", "study_instance_uid", name="uq_campaign_study_campaign_id_study_instance_uid"
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name="fk_campaign_study_campaign_id"
        ),
    )
    op.create_index(
        "ix_campaign_study_campaign_id_state_run_at", "campaign_study", ["campaign_id", "state", "run_at"]
    )
    op.create_index("ix_campaign_study_study_instance_uid", "campaign_study", ["study_instance_uid"])
