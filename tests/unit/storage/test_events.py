"""The history keeps what happened, in order."""

from storage.events import add_event, has_event, list_events
from storage.ledger import Ledger
from tests.unit.storage.conftest import HandClock


def test_the_newest_events_come_first(ledger: Ledger, clock: HandClock) -> None:
    with ledger.begin() as connection:
        add_event(connection, "received", subject="1.2.3")
        add_event(connection, "received", subject="1.2.4")
        add_event(connection, "delivered", subject="1.2.3", detail="PACS\0")

        events = list_events(connection)
        assert [(each.what, each.subject, each.detail) for each in events] == [
            ("delivered", "1.2.3", "PACS"),
            ("received", "1.2.4", ""),
            ("received", "1.2.3", ""),
        ]
        assert {each.at for each in events} == {clock()}
        assert [each.what for each in list_events(connection, subject="1.2.3")] == ["delivered", "received"]
        assert len(list_events(connection, limit=1)) == 1


def test_the_history_knows_what_happened_to_whom(ledger: Ledger) -> None:
    with ledger.begin() as connection:
        add_event(connection, "received", subject="1.2.3")

        assert has_event(connection, "received", subject="1.2.3")
        assert not has_event(connection, "received", subject="1.2.4")
        assert not has_event(connection, "delivered", subject="1.2.3")
