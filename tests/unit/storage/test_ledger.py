"""Transactions are durable, exclusive and honest about what went wrong."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select, text

from storage import databases, ledger
from storage.errors import LedgerUnavailable, StorageFull, ValueRefused
from storage.events import add_event, list_events
from storage.instances import find_instance
from storage.ledger import Ledger
from storage.tables import destination, event
from tests.support.ledgers import add
from tests.unit.storage.conftest import HandClock


@pytest.fixture
def sqlite_ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield opened
    opened.close()


def note(connection: Connection, subject: str) -> None:
    add_event(connection, "test", subject=subject)


def subjects(opened: Ledger) -> list[str]:
    with opened.read() as connection:
        return [each.subject for each in list_events(connection)]


def test_a_transaction_that_ends_well_is_kept(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        note(connection, "1")

    assert subjects(ledger) == ["1"]


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    def write_and_fail() -> None:
        with ledger.begin() as connection:
            note(connection, "1")
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()

    assert subjects(ledger) == []


def test_a_reader_sees_one_state_throughout(ledger: Ledger) -> None:
    with ledger.read() as connection:
        before = list_events(connection)
        with ledger.begin() as writing:
            note(writing, "1")
        assert list_events(connection) == before

    assert subjects(ledger) == ["1"]


def test_a_reader_cannot_write(ledger: Ledger) -> None:
    with pytest.raises(LedgerUnavailable), ledger.read() as connection:
        note(connection, "1")

    with ledger.begin() as connection:
        note(connection, "2")
    assert subjects(ledger) == ["2"]


def test_writers_of_one_process_wait_for_each_other(ledger: Ledger) -> None:
    def write(subject: str) -> None:
        with ledger.begin() as connection:
            note(connection, subject)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(subjects(ledger)) == sorted(str(number) for number in range(12))


def test_sqlite_survives_a_power_cut_and_keeps_its_references(sqlite_ledger: Ledger) -> None:
    with sqlite_ledger.begin() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000}


@pytest.mark.postgres
def test_postgresql_commits_are_on_disk_before_they_are_answered(postgres_url: str) -> None:
    opened = Ledger.open(f"{postgres_url}&options=-csynchronous_commit%3Doff")
    with opened.begin() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar() == "on"
    opened.close()


def test_a_full_disk_is_told_apart(sqlite_ledger: Ledger) -> None:
    def fill() -> None:
        with sqlite_ledger.begin() as connection:
            pages = connection.execute(text("PRAGMA page_count")).scalar()
            connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            for _ in range(100):
                add_event(connection, "test", subject="1", detail="x" * 2000)

    with pytest.raises(StorageFull, match="free some space"):
        fill()


def test_a_lock_that_is_never_given_back_ends_in_an_error(
    sqlite_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_SQLITE_PRAGMAS", ("PRAGMA busy_timeout = 10",))
    monkeypatch.setattr(ledger, "BUSY_TIMEOUT_S", 0.01)
    second = Ledger.open(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with sqlite_ledger.begin():
        with pytest.raises(LedgerUnavailable, match="Another process"), second.begin():
            pass
        with pytest.raises(LedgerUnavailable, match="Another thread"), sqlite_ledger.begin():
            pass
    second.close()


def test_errors_of_the_database_quote_no_values(ledger: Ledger) -> None:
    def insert_twice() -> None:
        values = {"name": "SECRET", "failures": 0, "error": "SECRET", "changed_at": datetime.now(UTC)}
        with ledger.begin() as connection:
            connection.execute(insert(destination).values(values))
            connection.execute(insert(destination).values(values))

    with pytest.raises(ValueRefused) as caught:
        insert_twice()

    assert "SECRET" not in str(caught.value)
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("no url", "cannot be read"),
        ("mysql://host/name", "not mysql"),
        ("sqlite://", "not sqlite"),
        ("sqlite:////proc/none/ledger.sqlite", "cannot be made"),
        ("postgresql://user:SECRET@localhost:1/none", "cannot be reached"),
    ],
)
def test_a_ledger_that_cannot_be_opened_says_why(url: str, reason: str) -> None:
    with pytest.raises(LedgerUnavailable, match=reason) as caught:
        Ledger.open(url)

    assert "SECRET" not in str(caught.value)


@pytest.mark.postgres
def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(databases._POSTGRESQL_WAITS, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(LedgerUnavailable):
            Ledger.open(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none")

    assert time.monotonic() - started < 10


@pytest.mark.postgres
def test_waits_for_a_server_can_be_set_in_the_url(postgres_url: str) -> None:
    opened = Ledger.open(f"{postgres_url}&connect_timeout=33")
    with opened.begin() as connection:
        parameters = connection.connection.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
    opened.close()

    assert (parameters["connect_timeout"], parameters["tcp_user_timeout"]) == ("33", "30000")


def test_moments_come_back_in_utc_and_in_order(ledger: Ledger) -> None:
    seoul = timezone(timedelta(hours=9))
    moments = [
        datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 21, tzinfo=seoul),
        datetime(2026, 3, 1, 13, tzinfo=UTC),
    ]
    with ledger.begin() as connection:
        for moment in moments:
            values = {"at": moment, "what": "test", "subject": "", "detail": ""}
            connection.execute(insert(event).values(values))
        stored = connection.scalars(select(event.c.at).order_by(event.c.at)).all()
        after_noon = connection.scalars(select(event.c.at).where(event.c.at > moments[1])).all()

    assert stored == sorted(moments)
    assert {moment.tzinfo for moment in stored} == {UTC}
    assert len(after_noon) == 2


def test_a_moment_without_time_zone_is_refused(ledger: Ledger) -> None:
    values = {"at": datetime(2026, 3, 1), "what": "", "subject": "", "detail": ""}  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"), ledger.begin() as connection:
        connection.execute(insert(event).values(values))


def test_texts_are_ordered_by_code_point(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        for subject in ("b", "A", "é", "a", "Z", "홍", "_", "A-"):
            note(connection, subject)
        ordered = connection.scalars(select(event.c.subject).order_by(event.c.subject)).all()

    assert ordered == sorted(ordered)


def test_time_passes_by_the_clock_of_the_ledger(ledger: Ledger, clock: HandClock) -> None:
    with ledger.read() as connection:
        before = ledger.now(connection)
        clock.advance(timedelta(hours=1))
        assert ledger.now(connection) - before == timedelta(hours=1)


def test_the_real_clock_is_in_utc(ledger_url: str) -> None:
    opened = Ledger.open(ledger_url)
    with opened.read() as connection:
        now = opened.now(connection)
        later = opened.now(connection)
    opened.close()

    assert now.tzinfo == UTC
    assert now <= later
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)


def test_one_transaction_holds_rows_of_several_tables_or_none(ledger: Ledger) -> None:
    def write_and_fail() -> None:
        with ledger.begin() as connection:
            add(connection)
            note(connection, "1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()

    with ledger.begin() as connection:
        assert find_instance(connection, "1.2.3.1.1.1") is None
        assert list_events(connection) == []
