"""Films that are asked for again get results of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the number of the generation to jobs and judgements."""
    for table in ("job", "analysis", "shadow"):
        op.add_column(table, sa.Column("generation", sa.Integer(), nullable=False, server_default="0"))
