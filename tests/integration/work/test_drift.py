"""Films of each week against a frozen reference: from judged films in the ledger to event, table and page."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from node.cli import app
from node.drift.reference import freeze, read_reference, reference_file
from node.drift.watch import look_for_drift, watch_drift
from node.errors import NoReference
from storage.events import DRIFT_EVENT, list_events
from storage.retention import forget_events
from tests.support.films import make_film
from tests.support.work import Desk, open_desk

BEGIN = date(2025, 1, 6)
"""A Monday."""


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Ten weeks of six films each; the vendor changes his processing in the last two."""
    folder = tmp_path_factory.mktemp("year")
    # Invented analyses take no time that would mean anything.
    settings = {"least_films": 6, "level": 0.05, "least_effect": 0.3, "ignore": ["seconds to result"]}
    desk = open_desk(folder, drift=settings)
    for week in range(14):
        for number in range(6):
            film = make_film(rows=64, columns=52)
            day = BEGIN + timedelta(weeks=week, days=number)
            film.AcquisitionDate = film.StudyDate = f"{day:%Y%m%d}"
            film.Manufacturer = "Other" if week >= 12 else "Maker"
            film.ExposureIndex = str(400 + number if week < 12 else 900 + number)
            desk.receive(film)
    desk.analyse_all()
    (folder / "config.yaml").write_text(
        f"node: {{data_dir: {folder}}}\ndrift: {json.dumps(settings)}\n", encoding="utf-8"
    )
    with closing(desk.ledger):
        yield desk


@pytest.fixture
def frozen(year: Desk) -> Desk:
    """Ten weeks are the reference, sixty films."""
    freeze(year.config, year.ledger, BEGIN, BEGIN + timedelta(weeks=10, days=-1))
    return year


def test_without_a_reference_it_says_how_to_make_one(year: Desk) -> None:
    reference_file(year.config).unlink(missing_ok=True)
    with pytest.raises(NoReference, match="neolung drift --freeze"):
        look_for_drift(year.config, year.ledger)
    assert watch_drift(year.config, year.ledger) == []
    with pytest.raises(NoReference, match=r"has 6 judged films, by the day .* needs 50"):
        freeze(year.config, year.ledger, BEGIN, BEGIN + timedelta(days=6))


def test_a_damaged_reference_is_named(frozen: Desk) -> None:
    reference_file(frozen.config).write_text("[]", encoding="utf-8")
    with pytest.raises(NoReference, match="is no reference of this version"):
        read_reference(frozen.config)


def test_the_weeks_after_the_change_are_alarms_and_those_before_are_not(frozen: Desk) -> None:
    course = look_for_drift(frozen.config, frozen.ledger)
    assert [looked.window.films for looked in course.windows] == [6, 6, 6, 6]
    assert [bool(looked.alarms) for looked in course.windows] == [False, False, True, True]
    assert {change.feature for change in course.windows[-1].alarms} >= {"Manufacturer", "ExposureIndex"}


def test_an_event_is_raised_once_for_each_week_that_has_ended(frozen: Desk) -> None:
    end = BEGIN + timedelta(weeks=13)
    told = watch_drift(frozen.config, frozen.ledger, today=end)
    assert told == ["2025-03-31 to 2025-04-06"]
    assert watch_drift(frozen.config, frozen.ledger, today=end) == []
    assert watch_drift(frozen.config, frozen.ledger, today=end + timedelta(weeks=5)) == [
        "2025-04-07 to 2025-04-13"
    ]
    with frozen.ledger.read() as connection:
        (event,) = (one for one in list_events(connection, subject=told[0]) if one.what == DRIFT_EVENT)
    assert "Manufacturer: Maker (100 %) before, Other (100 %) now" in event.detail


def test_no_week_is_told_again_when_the_history_is_trimmed(frozen: Desk) -> None:
    end = BEGIN + timedelta(weeks=20)
    watch_drift(frozen.config, frozen.ledger, today=end)
    forget_events(frozen.ledger, datetime.now(UTC) + timedelta(days=1))
    assert watch_drift(frozen.config, frozen.ledger, today=end) == []


def test_the_command_prints_plots_and_tells_by_its_exit_code(frozen: Desk, tmp_path: Path) -> None:
    config = str(frozen.data_dir / "config.yaml")
    shown = CliRunner().invoke(app, ["drift", "--config", config, "--out", str(tmp_path)])
    assert shown.exit_code == 1
    assert "ALARM" in shown.output
    page = (tmp_path / "drift.html").read_text(encoding="utf-8")
    assert page.count("<svg") > 5
    assert "#c53030" in page
    told = json.loads(CliRunner().invoke(app, ["drift", "--config", config, "--json"]).stdout)
    assert [window["is_alarm"] for window in told["windows"]] == [False, False, True, True]
    again = CliRunner().invoke(
        app, ["drift", "--freeze", "--from", "2025-01-06", "--to", "2025-03-16", "--config", config]
    )
    assert again.exit_code == 0, again.output
    assert "reference frozen: 2025-01-06 to 2025-03-16, 60 films" in again.output
