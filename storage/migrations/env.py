"""Alembic runs this to migrate the ledger over the connection that ``storage.schema`` opened and locked."""

from alembic import context

from storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=context.config.attributes["version_table"],
    # One transaction for all steps, on SQLite too: a crash leaves the old schema whole.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
