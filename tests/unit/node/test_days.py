"""A day that somebody names begins at midnight where the node stands."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from node.days import local_midnight
from node.errors import ExportRefused
from node.export.command import Wish, export
from node.reprocessing import Reprocessing
from tests.support.films import make_film
from tests.support.work import open_desk


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Set ``TZ`` by it; the zone is this machine's own again afterwards."""
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("UTC", datetime(2026, 3, 29, tzinfo=UTC)),
        ("Asia/Seoul", datetime(2026, 3, 28, 15, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_local_midnight(zone: pytest.MonkeyPatch, name: str, moment: datetime) -> None:
    zone.setenv("TZ", name)
    time.tzset()
    assert local_midnight(date(2026, 3, 29)) == moment
    assert local_midnight(date(2026, 3, 28), days=1) == moment
    assert local_midnight(None, days=1) is None


def test_the_day_on_which_summer_time_begins_is_an_hour_shorter(zone: pytest.MonkeyPatch) -> None:
    zone.setenv("TZ", "Europe/Berlin")
    time.tzset()
    begin, end = (local_midnight(date(2026, 3, 29), days=days) for days in (0, 1))
    assert begin is not None
    assert end is not None
    assert end - begin == timedelta(hours=23)


def test_export_and_reprocessing_mean_the_same_day(zone: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A zone in which it is now another day than in UTC.
    zone.setenv("TZ", "<+12>-12" if datetime.now(UTC).hour >= 12 else "<-12>12")
    time.tzset()
    today, day = datetime.now(UTC).astimezone().date(), timedelta(days=1)
    desk = open_desk(tmp_path / "node")
    with closing(desk.ledger):
        desk.receive(make_film(rows=144, columns=128))
        desk.analyse_all()
        for since, until, films in ((today, today, 1), (today + day, None, 0), (None, today - day, 0)):
            standing = Reprocessing(desk.config, desk.ledger, since, until).standing()
            assert standing.outdated == films
            wish, folder = Wish(since=since, until=until), tmp_path / f"{since} {until}"
            if films:
                assert export(desk.config, folder, wish).films == films
            else:
                with pytest.raises(ExportRefused, match="no film"):
                    export(desk.config, folder, wish)
