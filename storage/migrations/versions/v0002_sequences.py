"""Items of sequences, and the note that the instances known before still have to be read for them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

_ITEM_COLUMNS = """
    code_value coding_scheme_designator code_meaning accession_number requested_procedure_id
    requested_procedure_description scheduled_procedure_step_id scheduled_procedure_step_description
"""


def upgrade() -> None:
    """Make both tables; a ledger that holds instances gets its note."""
    op.create_table(
        "backfill",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("next_instance_id", ROW_ID, nullable=False),
        sa.Column("last_instance_id", ROW_ID, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_backfill"),
    )
    op.create_table(
        "sequence_item",
        sa.Column("item_row", ROW_ID, nullable=False),
        sa.Column("instance_id", ROW_ID, nullable=False),
        sa.Column("sequence", TEXT, nullable=False),
        *(sa.Column(name, TEXT, nullable=True) for name in _ITEM_COLUMNS.split()),
        sa.PrimaryKeyConstraint("item_row", name="pk_sequence_item"),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instance.instance_id"], name="fk_sequence_item_instance_id"
        ),
    )
    op.create_index("ix_sequence_item_instance_id", "sequence_item", ["instance_id"])
    has_code = sa.text("code_value IS NOT NULL")
    op.create_index(
        "ix_sequence_item_code_value",
        "sequence_item",
        ["code_value"],
        sqlite_where=has_code,
        postgresql_where=has_code,
    )
    op.execute(
        "INSERT INTO backfill (name, next_instance_id, last_instance_id) "
        "SELECT 'sequences', lowest, highest FROM "
        "(SELECT min(instance_id) AS lowest, max(instance_id) AS highest FROM instance) AS known "
        "WHERE highest IS NOT NULL"
    )
