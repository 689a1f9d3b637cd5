"""A ledger of an older version learns what it did not index, without asking twice or losing its place."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, insert, select, text

import storage
from storage.backfill import SEQUENCES, fill_sequences, next_to_fill
from storage.databases import make_engine
from storage.ledger import Ledger
from storage.matching import Item, Level, Single
from storage.query import find
from storage.tables import backfill, sequence_item
from tests.support.ledgers import add

CODE = {"ConceptNameCodeSequence": ({"CodeValue": "126000"},)}


def migrate_to(engine: Engine, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["version_table"] = "neolung_schema"
        command.upgrade(config, version)


def add_old_instance(connection: Connection, number: int) -> None:
    """Enter an instance with the columns of the first version."""
    study = (
        f"INSERT INTO study (study_row, patient_key, study_instance_uid) VALUES ({number}, 'k', '1.{number}')"
    )
    series = (
        f"INSERT INTO series (series_row, study_row, series_instance_uid) VALUES ({number}, {number}, '1.2')"
    )
    columns = (
        "instance_id, series_row, sop_instance_uid, sop_class_uid, variant, role, transfer_syntax_uid, "
        "calling_ae_title, called_ae_title, peer_address, received_at, path, sha256, size_bytes"
    )
    values = (
        f"{number}, {number}, '1.2.{number}', '1.3', 0, 'source', '1.4', 'A', 'B', 'C', :now, 'p', 's', 1"
    )
    for statement in (study, series):
        connection.execute(text(statement))
    connection.execute(
        text(f"INSERT INTO instance ({columns}) VALUES ({values})"), {"now": "2026-01-01 00:00:00.000000"}
    )


def test_a_migrated_ledger_knows_what_must_be_read_again(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).parent.mkdir()
    engine = make_engine(empty_url)
    migrate_to(engine, "0001")
    with engine.begin() as connection:
        for number in (3, 4, 9):
            add_old_instance(connection, number)
    engine.dispose()

    ledger = Ledger.open(empty_url)
    with ledger.begin() as connection:
        assert [each.instance_id for each in next_to_fill(connection, SEQUENCES, 2)] == [3, 4]
        fill_sequences(connection, {3: {}, 4: CODE}, 4)
        assert [each.instance_id for each in next_to_fill(connection, SEQUENCES, 2)] == [9]
        fill_sequences(connection, {9: CODE}, 9)
        fill_sequences(connection, {9: CODE}, 9)
        assert next_to_fill(connection, SEQUENCES, 2) == []
        fill_sequences(connection, {}, None)
        matches = {"ConceptNameCodeSequence": Item({"CodeValue": Single("126000")})}
        found = [entry["SOPInstanceUID"] for entry in find(connection, Level.IMAGE, matches)]
        assert sorted(found) == ["1.2.4", "1.2.9"]  # type: ignore[type-var]
        assert connection.scalars(select(sequence_item.c.instance_id)).all() == [4, 9]
        assert connection.execute(select(backfill)).all() == []
    ledger.close()


def test_a_new_ledger_has_nothing_to_read_again(connection: Connection) -> None:
    add(connection)

    assert next_to_fill(connection, SEQUENCES, 10) == []


@pytest.mark.parametrize("last", [1, 2])
def test_instances_received_since_are_left_alone(connection: Connection, last: int) -> None:
    first = add(connection, 1, **CODE).instance_id
    second = add(connection, 2, **CODE).instance_id
    until = first if last == 1 else second
    connection.execute(
        insert(backfill).values(name=SEQUENCES, next_instance_id=first, last_instance_id=until)
    )

    assert [each.instance_id for each in next_to_fill(connection, SEQUENCES, 10)] == [first, second][:last]
