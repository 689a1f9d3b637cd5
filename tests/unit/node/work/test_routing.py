"""Which result goes where."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from node.config.schema import Config
from node.routing.values import Decision
from node.work.routing import Routes
from node.work.values import FilmResult, ResultInstance
from node.work.wishes import Wishes
from pipeline.results import Form
from pipeline.values import Outcome
from storage.values import AnalysisRecord, JobKind, StoredFile

FILE = StoredFile("00/0", "0", 1)
FORMS = (
    *(Form("seg", "utf-8"), Form("seg", "source"), Form("sr", "utf-8"), Form("sr", "source")),
    *(Form("pr"), Form("sc", longest_side=512), Form("sc", longest_side=2048), Form("pdf")),
)


def routes(*destinations: dict[str, Any], **results: bool) -> Routes:
    whole = [
        {"name": f"d{number}", "ae_title": "PACS", "host": "h", **destination}
        for number, destination in enumerate(destinations)
    ]
    return Routes(Config.model_validate({"destinations": whole, "results": results}))


def result(outcome: str = "present", *destinations: str) -> FilmResult:
    record = AnalysisRecord(
        1, "d", "0", outcome, "", None, None, None, None, {}, datetime(2026, 1, 1, tzinfo=UTC)
    )
    made = tuple(
        ResultInstance(form, {"SOPInstanceUID": f"2.25.{number}"}, "1.2", FILE)
        for number, form in enumerate(FORMS)
    )
    names = destinations or tuple(f"d{number}" for number in range(4))
    return FilmResult(record, made, Decision("", True, False, None, Path(), names))


def routed(target: Routes, film: FilmResult) -> set[tuple[str, str]]:
    return {
        (job.destination, job.key)
        for number, made in enumerate(film.instances)
        for job in target.jobs(film, made, number, 0)
    }


def test_a_destination_gets_what_it_asks_for_in_its_character_set() -> None:
    target = routes({}, {"charset": "source"}, {"send": ["sr"]}, {"send": []})

    assert routed(target, result()) == {
        ("d0", "2.25.0"),
        ("d0", "2.25.2"),
        ("d1", "2.25.1"),
        ("d1", "2.25.3"),
        ("d2", "2.25.2"),
    }


def test_a_secondary_capture_goes_where_its_size_is_wanted() -> None:
    target = routes(
        {"send": ["sc", "pdf"], "sc_longest_side": 512}, {"send": ["pr", "sc"]}, {"send": ["seg", "sr"]}
    )

    assert routed(target, result()) == {
        ("d0", "2.25.5"),
        ("d0", "2.25.7"),
        ("d1", "2.25.4"),
        ("d1", "2.25.6"),
        ("d2", "2.25.0"),
        ("d2", "2.25.2"),
    }


def test_nothing_is_sent_under_shadow() -> None:
    target = routes({"shadow": True, "send": ["seg", "sr", "pdf"]}, {"send": ["sr"]})

    assert routed(target, result()) == {("d1", "2.25.2")}


def test_only_the_destinations_that_were_decided_on_get_anything() -> None:
    assert {name for name, _ in routed(routes({}, {}, {}), result("present", "d1"))} == {"d1"}
    assert not routed(routes({}), result("present", "another"))


def test_films_that_were_turned_away_are_reported_only_where_that_is_wanted() -> None:
    turned_away = result("not eligible")

    assert routed(routes({}), turned_away)
    assert not routed(routes({}, send_not_eligible=False), turned_away)
    assert routed(routes({}, send_not_eligible=False), result("not assessable"))


def test_jobs_carry_priority_and_the_destination_s_patience() -> None:
    film = result()
    (job,) = routes({"retry": {"max_attempts": 3}}).jobs(film, film.instances[0], 7, 10)

    assert (job.kind, job.instance_id, job.priority, job.max_attempts) == (JobKind.DELIVER, 7, 10, 3)


def test_without_destinations_results_are_made_in_unicode() -> None:
    forms = Wishes.of(Config()).forms_of((), Outcome.PRESENT)

    assert forms == [Form("seg", "utf-8"), Form("sr", "utf-8")]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"send": ["seg", "seg"]}, "more than once"),
        ({"send": ["png"]}, "send"),
        ({"sc_longest_side": 100}, "sc_longest_side"),
        ({"transfer_syntax": "jpeg"}, "transfer_syntax"),
        ({"shadow": "yes"}, "shadow"),
    ],
)
def test_a_profile_that_cannot_be_is_refused(wrong: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        routes(wrong)
