"""Alembic scripts that make the ledger's schema; ``storage.schema`` runs them."""
