"""The schema is made once, the same by migration as by the tables' own description, and never by force."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

import storage
from storage.databases import make_engine
from storage.errors import SchemaTooNew, SchemaTooOld
from storage.events import add_event, list_events
from storage.ledger import Ledger
from storage.schema import migrate_schema
from storage.tables import SCHEMA_VERSION, metadata
from tests.support.postgres import PostgresServer
from tests.support.processes import finish, open_and_write, start

ROOT = Path(__file__).parents[3]
_POSTGRESQL_SCHEMA = (
    """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
       FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'neolung_schema'
       ORDER BY 1, ordinal_position""",
    """SELECT tablename, indexdef FROM pg_indexes
       WHERE schemaname = 'public' AND tablename <> 'neolung_schema' ORDER BY 1, 2""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'neolung_schema'
       ORDER BY 1, 2""",
)
# Not the text of CREATE TABLE: a column that is added later stands behind the constraints there.
_SQLITE_TABLES = "(SELECT name AS of FROM sqlite_master WHERE type = 'table' AND name <> 'neolung_schema')"
_SQLITE_SCHEMA = (
    f"""SELECT of, cid, name, type, "notnull", dflt_value, pk, hidden
        FROM {_SQLITE_TABLES}, pragma_table_xinfo(of) ORDER BY of, cid""",
    f"""SELECT of, "from", "table", "to", on_update, on_delete
        FROM {_SQLITE_TABLES}, pragma_foreign_key_list(of) ORDER BY of, "from", "table" """,
    f"""SELECT of, indexed.name, "unique", origin, partial, seqno, cid, keyed.name, "desc", coll, key
        FROM {_SQLITE_TABLES}, pragma_index_list(of) AS indexed, pragma_index_xinfo(indexed.name) AS keyed
        ORDER BY of, indexed.name, seqno""",
    """SELECT name, sql FROM sqlite_master
       WHERE type <> 'table' AND tbl_name <> 'neolung_schema' AND sql IS NOT NULL ORDER BY name""",
)


def schema_of(engine: Engine) -> list[Sequence[object]]:
    """Describe every column, index and constraint in the database's own words."""
    queries = _SQLITE_SCHEMA if engine.dialect.name == "sqlite" else _POSTGRESQL_SCHEMA
    with engine.connect() as connection:
        return [tuple(row) for query in queries for row in connection.execute(text(query))]


def set_version(url: str, version: str) -> None:
    engine = make_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE neolung_schema SET version_num = :version"), {"version": version})
    engine.dispose()


def test_migrations_end_at_the_version_that_the_tables_name() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")

    assert ScriptDirectory.from_config(config).get_heads() == [SCHEMA_VERSION]


def test_no_statement_needs_a_new_sqlite() -> None:
    """HAVING without GROUP BY came with SQLite 3.39; distributions in use have 3.37."""
    for file in Path(storage.__file__).parent.rglob("*.py"):
        words = file.read_text(encoding="utf-8")
        assert words.count("HAVING") <= words.count("GROUP BY"), file


def check_migrated_equals_described(migrated: Engine, described: Engine) -> None:
    migrate_schema(migrated)
    metadata.create_all(described)

    assert len(schema_of(migrated)) > len(metadata.tables)
    assert schema_of(migrated) == schema_of(described)
    with migrated.connect() as connection:
        options = {"include_object": lambda *entry: entry[1] != "neolung_schema", "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
    migrated.dispose()
    described.dispose()


def test_migrations_make_exactly_the_tables_on_sqlite(tmp_path: Path) -> None:
    check_migrated_equals_described(
        make_engine(f"sqlite:///{tmp_path / 'migrated'}"), make_engine(f"sqlite:///{tmp_path / 'described'}")
    )


@pytest.mark.postgres
def test_migrations_make_exactly_the_tables_on_postgresql(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as migrated, postgres_server.database() as described:
        check_migrated_equals_described(make_engine(migrated), make_engine(described))


def test_opening_again_keeps_everything(empty_url: str) -> None:
    first = Ledger.open(empty_url)
    with first.begin() as connection:
        add_event(connection, "test", subject="1")
    first.close()
    again = Ledger.open(empty_url)
    with again.read() as connection:
        assert [each.subject for each in list_events(connection)] == ["1"]
    again.close()


def test_several_processes_may_open_a_new_ledger_at_once(empty_url: str) -> None:
    children = [start(open_and_write, empty_url) for _ in range(4)]

    assert [finish(child) for child in children] == [0] * len(children)
    opened = Ledger.open(empty_url)
    with opened.read() as connection:
        assert len(list_events(connection)) == len(children)
    opened.close()


@pytest.mark.parametrize("version", [f"{int(SCHEMA_VERSION) + 1:04}", "9999", "x"])
def test_a_ledger_of_a_newer_version_is_left_alone(empty_url: str, version: str) -> None:
    Ledger.open(empty_url).close()
    set_version(empty_url, version)

    for migrate in (True, False):
        with pytest.raises(SchemaTooNew, match=version):
            Ledger.open(empty_url, migrate=migrate)


def test_an_empty_database_is_refused_where_migration_is_not_wanted(empty_url: str) -> None:
    with pytest.raises(SchemaTooOld):
        Ledger.open(empty_url, migrate=False)


def test_a_migration_that_fails_leaves_no_table(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    create_index = Operations.create_index

    def fail_late(self: Operations, name: str, *arguments: object, **options: object) -> None:
        if name == "ix_commitment_member_job_id":
            raise KeyboardInterrupt
        create_index(self, name, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Operations, "create_index", fail_late)
    with pytest.raises(KeyboardInterrupt):
        Ledger.open(empty_url)
    engine = make_engine(empty_url)

    assert schema_of(engine) == []
    engine.dispose()


def test_an_up_to_date_ledger_opens_without_loading_alembic(ledger_url: str) -> None:
    program = (
        "import sys; from storage.ledger import Ledger; Ledger.open(sys.argv[1]).close();"
        "sys.exit('alembic' in sys.modules)"
    )

    subprocess.run([sys.executable, "-c", program, ledger_url], cwd=ROOT, check=True)
