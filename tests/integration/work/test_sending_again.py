"""Stored results for a destination that did not get them: what its profile says, once, after all others."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from node import intervention
from node.errors import NothingToSend, UnknownDestination
from node.sending_again import ELSEWHERE, NOT_ELIGIBLE, STOOD_FOR, send_stored
from storage.analysed import analysed_films
from storage.analyses import add_analysis
from storage.events import list_events
from storage.values import AnalysisRecord, JobKind, JobState
from tests.integration.work.test_routes import RAW_AND_FILM
from tests.support.delivering import delivering
from tests.support.films import make_film
from tests.support.pacs import Pacs
from tests.support.waiting import wait_until
from tests.support.work import ODD, Desk, open_desk

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def reopen(folder: Path, *destinations: dict[str, Any]) -> Desk:
    """Open the same node with other destinations."""
    common = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "storage_commitment": False}
    return open_desk(folder / "var", destinations=[common | destination for destination in destinations])


def analysed(desk: Desk) -> list[str]:
    """Analyse a film that is judged and one that is not; give their studies."""
    films = [make_film(rows=64, columns=52), make_film(rows=64, columns=52, PatientID=ODD)]
    for film in films:
        desk.receive(film)
    desk.analyse_all()
    return [film.StudyInstanceUID for film in films]


def waiting_for(desk: Desk, destination: str) -> list[int]:
    return [job.priority for job in desk.jobs(JobKind.DELIVER) if job.destination == destination]


def test_after_shadow_results_are_sent_only_on_demand_once_and_last(tmp_path: Path) -> None:
    with Pacs() as pacs:
        profile = {"name": "pacs", "port": pacs.port, "send": ["seg", "sr", "pr", "sc", "pdf"]}
        shadow = reopen(tmp_path, profile | {"shadow": True})
        analysed(shadow)
        with pytest.raises(NothingToSend, match="in shadow"):
            send_stored(shadow.config, "pacs", since=LONG_AGO)
        shadow.ledger.close()

        desk = reopen(tmp_path, profile)
        sent = send_stored(desk.config, "pacs", since=LONG_AGO)

        assert (sent.films, sent.queued, sent.known, sent.never_made) == (2, 8, 0, ())
        assert set(waiting_for(desk, "pacs")) == {-10}
        with delivering(desk, desk.config.destinations[0]):
            wait_until(lambda: desk.is_done(JobKind.DELIVER), 20)
        assert len(pacs.objects) == 8
        again = send_stored(desk.config, "pacs", since=LONG_AGO)
        assert (again.queued, again.known) == (0, 8)
        with desk.ledger.read() as connection:
            assert len(list_events(connection, subject="pacs")) == 2
        desk.ledger.close()


def test_a_new_destination_gets_what_was_made_and_hears_of_what_was_not(tmp_path: Path) -> None:
    desk = reopen(tmp_path, {"name": "old", "send": ["sr", "pdf"]})
    analysed(desk)
    desk.ledger.close()
    desk = reopen(tmp_path, {"name": "old"}, {"name": "new", "send": ["sr", "sc"]})

    sent = send_stored(desk.config, "new", since=LONG_AGO)

    assert (sent.films, sent.queued, len(sent.never_made)) == (2, 2, 2)
    number = max(job.job_id for job in desk.jobs(JobKind.ANALYSE, JobState.DONE))
    intervention.retry(desk.config, [number], again=True)
    desk.analyse_all()
    assert len(waiting_for(desk, "new")) == 3
    assert len(send_stored(desk.config, "new", since=LONG_AGO).never_made) == 1
    desk.ledger.close()


def test_one_study_or_a_time_is_chosen(tmp_path: Path) -> None:
    desk = reopen(tmp_path, {"name": "old", "send": []})
    judged, not_judged = analysed(desk)
    desk.ledger.close()
    desk = reopen(tmp_path, {"name": "new"})

    assert send_stored(desk.config, "new", since=datetime.now(UTC) + timedelta(days=1)).films == 0
    assert send_stored(desk.config, "new", study_instance_uid="1.2.3").films == 0
    assert send_stored(desk.config, "new", study_instance_uid=not_judged).queued == 1
    assert send_stored(desk.config, "new", study_instance_uid=judged).queued == 2
    desk.ledger.close()


def routed(folder: Path, *destinations: dict[str, Any], **sections: Any) -> Desk:
    common = {"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "storage_commitment": False}
    return open_desk(folder / "var", destinations=[common | one for one in destinations], **sections)


@pytest.mark.parametrize("choice", [{"destinations": ["pacs"]}, {"destinations": []}, {"shadow": True}])
def test_a_film_that_was_routed_elsewhere_goes_only_where_a_person_insists(
    tmp_path: Path, choice: dict[str, Any]
) -> None:
    routes = [{"name": "ward", **choice}]
    desk = routed(tmp_path, {"name": "pacs"}, {"name": "nicu"}, routes=routes)
    analysed(desk)

    sent = send_stored(desk.config, "nicu", since=LONG_AGO)

    assert (sent.films, sent.queued, sent.left_out) == (2, 0, {ELSEWHERE: 2})
    assert waiting_for(desk, "nicu") == []
    insisted = send_stored(desk.config, "nicu", since=LONG_AGO, against_routes=True)
    assert (insisted.queued, insisted.left_out) == (3, {})
    with desk.ledger.read() as connection:
        assert "whatever the routes" in list_events(connection, subject="nicu")[0].detail
    desk.ledger.close()


def test_a_destination_named_by_the_route_gets_its_films_after_its_shadow(tmp_path: Path) -> None:
    routes = [{"name": "ward", "destinations": ["pacs"]}]
    analysed(desk := routed(tmp_path, {"name": "pacs", "shadow": True}, routes=routes))
    desk.ledger.close()
    desk = routed(tmp_path, {"name": "pacs"}, {"name": "new"}, routes=[{"name": "ward"}])

    assert send_stored(desk.config, "pacs", since=LONG_AGO).queued == 3
    assert send_stored(desk.config, "new", since=LONG_AGO).left_out == {ELSEWHERE: 2}
    desk.ledger.close()


def test_a_route_that_names_nobody_is_for_those_who_come_later_too(tmp_path: Path) -> None:
    analysed(desk := routed(tmp_path, {"name": "old"}, routes=[{"name": "ward"}]))
    desk.ledger.close()
    desk = routed(tmp_path, {"name": "new"})

    assert send_stored(desk.config, "new", since=LONG_AGO).queued == 3
    desk.ledger.close()


def test_a_film_for_which_another_stands_is_never_sent(tmp_path: Path) -> None:
    desk = routed(tmp_path, {"name": "pacs"}, {"name": "old"}, results={"send_not_eligible": True})
    for header in reversed(RAW_AND_FILM):
        desk.receive(make_film(rows=64, columns=52, StudyInstanceUID="2.25.9", **header))
        desk.analyse_all()

    sent = send_stored(desk.config, "pacs", since=LONG_AGO, against_routes=True)

    assert (sent.films, sent.queued, sent.known, sent.left_out) == (2, 0, 2, {STOOD_FOR: 1})
    desk.ledger.close()


def test_what_is_not_eligible_stays_here_where_it_shall(tmp_path: Path) -> None:
    desk = routed(tmp_path, {"name": "old"}, results={"send_not_eligible": False})
    stored = desk.receive()
    with desk.ledger.begin() as connection:
        digest, outcome = "0" * 64, "not eligible"
        now = datetime.now(UTC)
        record = AnalysisRecord(
            stored.instance_id, digest, "1", outcome, "", None, None, None, None, {}, analysed_at=now
        )
        add_analysis(connection, record)

    assert send_stored(desk.config, "old", since=LONG_AGO).left_out == {NOT_ELIGIBLE: 1}
    desk.ledger.close()


def test_what_cannot_be_asked_for_is_refused_with_the_reason(tmp_path: Path) -> None:
    desk = reopen(tmp_path, {"name": "move-only", "send": []})

    with pytest.raises(NothingToSend, match="no results in its `send`"):
        send_stored(desk.config, "move-only", since=LONG_AGO)
    with pytest.raises(UnknownDestination):
        send_stored(desk.config, "nobody", since=LONG_AGO)
    desk.ledger.close()


def test_both_databases_know_what_was_analysed(any_desk: Desk) -> None:
    judged, not_judged = analysed(any_desk)
    any_desk.receive()

    with any_desk.ledger.read() as connection:
        everything = analysed_films(connection)
        one = analysed_films(connection, study_instance_uid=not_judged, since=LONG_AGO)
        nothing = analysed_films(connection, since=datetime.now(UTC) + timedelta(days=1))

    assert [film.study_instance_uid for film in everything] == [judged, not_judged]
    assert [film.study_instance_uid for film in one] == [not_judged]
    assert nothing == []
