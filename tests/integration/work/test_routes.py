"""What routes and exposures mean for analysis: bundles, destinations, films kept back, films that wait."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread

from node.config.schema import Config
from node.routing.values import Sender
from node.work.analysis import analyse_films
from node.work.selection import select_films
from node.work.values import Film, FilmFailure, FilmResult, KeptBack
from node.work.variants import enhanced_variant
from pipeline.errors import BundleError
from pipeline.results import to_part10
from storage.analyses import latest_analysis
from storage.instances import results_of
from storage.queue import claim, retry_job
from storage.routing import Stage, latest_routing, list_routing
from storage.values import JobKind, JobState, Role, StoredInstance
from tests.integration.work.test_worker import working
from tests.support.analyses import BUNDLE
from tests.support.films import make_film, part10_bytes
from tests.support.validators import dciodvfy
from tests.support.waiting import wait_until
from tests.support.work import Desk, invent, open_desk

PACS = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": 104}
RESEARCH = {**PACS, "name": "research"}
RECEIVED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAGGED = {"tags": [{"tag": "StationName", "values": "NICU*"}]}


def route(name: str, when: dict[str, Any] | None = None, **choice: Any) -> dict[str, Any]:
    return {"name": name, "when": when or {}, **choice}


def desk_with(folder: Path, *routes: dict[str, Any]) -> Desk:
    return open_desk(folder / "var", destinations=[PACS, RESEARCH], routes=list(routes))


def bundle_folder(folder: Path) -> str:
    folder.mkdir()
    (folder / "manifest.json").touch()
    return str(folder)


def stored(desk: Desk, number: int, calling: str = "MODALITY", **header: Any) -> Film:
    file = desk.store.write(part10_bytes(make_film(rows=64, columns=52, seed=number, **header)))
    return Film(number, f"2.25.{number}", file, RECEIVED_AT, Sender(calling, "NEOLUNG", "127.0.0.1"))


def test_films_of_one_bundle_are_analysed_together(tmp_path: Path) -> None:
    other = bundle_folder(tmp_path / "other")
    desk = desk_with(tmp_path, route("nicu", {"calling_ae_title": "NICU"}, bundle=other))
    seen: list[tuple[str, int]] = []

    def models(bundle: Path) -> Any:
        def analyse(films: Any, known: Any) -> Any:
            seen.append((bundle.name, len(films)))
            return invent(films, known)

        return analyse

    films = [stored(desk, number, "NICU" if number % 2 else "WARD") for number in range(5)]
    results = analyse_films(desk.settings(), films, models)

    assert seen == [("reference", 3), ("other", 2)]
    for film, result in zip(films, results, strict=True):
        assert isinstance(result, FilmResult)
        assert result.record.source_instance_id == film.instance_id
        assert result.decision.route == ("nicu" if film.sender.calling_ae_title == "NICU" else "")


def test_a_bundle_that_cannot_be_used_fails_its_own_films_only(tmp_path: Path) -> None:
    other = bundle_folder(tmp_path / "other")
    desk = desk_with(tmp_path, route("nicu", {"calling_ae_title": "NICU"}, bundle=other))

    def models(bundle: Path) -> Any:
        if bundle.name == "other":
            raise BundleError("the digest of weights.safetensors is wrong")
        return invent

    broken, whole = analyse_films(desk.settings(), [stored(desk, 1, "NICU"), stored(desk, 2)], models)

    assert isinstance(broken, FilmFailure)
    assert "digest" in broken.error
    assert isinstance(whole, FilmResult)


def test_a_route_that_keeps_films_back_ends_their_jobs_without_an_analysis(tmp_path: Path) -> None:
    desk = desk_with(tmp_path)
    film = desk.receive()
    later = open_desk(tmp_path / "var", destinations=[PACS], routes=[route("none", process=False)])

    with ThreadPoolExecutor(1) as engine, working(later, engine):
        wait_until(lambda: later.is_done(JobKind.ANALYSE), 20)

    assert later.jobs(JobKind.ANALYSE)[0].state is JobState.DONE
    assert not later.jobs(JobKind.DELIVER)
    with later.ledger.read() as connection:
        assert latest_analysis(connection, film.instance_id) is None
        (record,) = list_routing(connection, film.instance_id)
    assert (record.stage, record.route, record.decision["process"]) == (Stage.ANALYSIS, "none", False)


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"destinations": ["research"]}, {"research"}),
        ({"destinations": []}, set()),
        ({"shadow": True}, set()),
        ({}, {"pacs", "research"}),
    ],
)
def test_results_go_where_the_route_of_their_film_sends_them(
    tmp_path: Path, choice: dict[str, Any], names: set[str]
) -> None:
    desk = desk_with(tmp_path, route("nicu", TAGGED, **choice))
    film = desk.receive(make_film(rows=64, columns=52, StationName="NICU-3"))
    desk.analyse_all()

    assert {job.destination for job in desk.jobs(JobKind.DELIVER)} == names
    with desk.ledger.read() as connection:
        record = latest_routing(connection, film.instance_id, Stage.ANALYSIS)
        assert len(results_of(connection, film.instance_id)) == 2
    assert record is not None
    assert set(record.decision["destinations"]) == names  # type: ignore[call-overload]
    assert record.decision["verdicts"] == [
        {
            "route": "nicu",
            "matches": True,
            "conditions": [{"condition": "StationName is NICU*", "met": True, "seen": "as asked"}],
        }
    ]


RAW_AND_FILM = (
    {"PresentationIntentType": "FOR PROCESSING", "ImageType": ["ORIGINAL", "PRIMARY"]},
    {"PresentationIntentType": "FOR PRESENTATION", "ImageType": ["DERIVED", "PRIMARY"]},
)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_film_of_an_exposure_is_judged_and_the_other_names_it(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    desk = desk_with(tmp_path)
    pair = [make_film(rows=64, columns=52, StudyInstanceUID="2.25.9", **header) for header in RAW_AND_FILM]
    received = {number: desk.receive(pair[number]) for number in order}

    with ThreadPoolExecutor(1) as engine, working(desk, engine, batch=2):
        wait_until(lambda: desk.is_done(JobKind.ANALYSE), 20)

    with desk.ledger.read() as connection:
        outcomes = [latest_analysis(connection, received[number].instance_id) for number in range(2)]
    assert [found.outcome for found in outcomes if found] == ["not eligible", "present"]
    uid = received[1].sop_instance_uid
    assert len({job.key for job in desk.jobs(JobKind.DELIVER) if job.destination == "pacs"}) == 2
    with desk.ledger.read() as connection:
        sent = {made.sop_instance_uid for made in results_of(connection, received[1].instance_id)}
    assert {job.key for job in desk.jobs(JobKind.DELIVER)} == sent
    assert uid not in sent


def test_a_raw_image_that_comes_after_its_film_was_judged_is_left_alone(tmp_path: Path) -> None:
    desk = desk_with(tmp_path)
    raw, film = (make_film(rows=64, columns=52, StudyInstanceUID="2.25.9", **one) for one in RAW_AND_FILM)
    desk.receive(film)
    desk.analyse_all()
    late = desk.receive(raw)
    desk.analyse_all()

    with desk.ledger.read() as connection:
        found = latest_analysis(connection, late.instance_id)
    assert found is not None
    assert found.outcome == "not eligible"


def test_a_raw_image_is_reported_when_the_film_never_comes(tmp_path: Path) -> None:
    desk = desk_with(tmp_path)
    desk.receive(make_film(rows=64, columns=52, **RAW_AND_FILM[0]))

    desk.analyse_all()

    assert {job.destination for job in desk.jobs(JobKind.DELIVER)} == {"pacs", "research"}


def test_waiting_for_another_film_costs_no_attempt(tmp_path: Path) -> None:
    desk = desk_with(tmp_path)
    raw, film = (make_film(rows=64, columns=52, StudyInstanceUID="2.25.9", **one) for one in RAW_AND_FILM)
    desk.receive(film)
    (elsewhere,) = claim(desk.ledger, JobKind.ANALYSE, "", 1, lease=timedelta(minutes=5), owner="other")
    desk.receive(raw)

    with ThreadPoolExecutor(1) as engine, working(desk, engine):
        wait_until(lambda: desk.jobs(JobKind.ANALYSE)[0].error != "", 20)

    waiting, held = desk.jobs(JobKind.ANALYSE)
    assert (waiting.attempts, waiting.error) == (0, "waits for another image of the same exposure")
    assert held.job_id == elsewhere.job_id


def test_without_routes_the_default_bundle_is_that_of_the_configuration(tmp_path: Path) -> None:
    config = Config.model_validate({"model": {"bundle": str(tmp_path)}})
    desk = open_desk(tmp_path / "var", model={"bundle": str(tmp_path)})

    assert desk.settings().router.bundles == (config.model.bundle,)
    assert not isinstance(analyse_films(desk.settings(), [stored(desk, 1)], lambda _: invent)[0], KeptBack)


def reports_of(desk: Desk, film: StoredInstance, digest: str) -> list[Dataset]:
    """Let a bundle analyse the film once more, and give the reports that it makes."""

    def analyse(films: Any, known: Any) -> Any:
        bundle = replace(BUNDLE, digest=digest)
        return [replace(analysis, bundle=bundle) for analysis in invent(films, known)]

    with desk.ledger.begin() as connection:
        job = desk.jobs(JobKind.ANALYSE)[0]
        if job.state is JobState.DONE:
            retry_job(connection, job.job_id, again=True)
    claims = claim(desk.ledger, JobKind.ANALYSE, "", 1, lease=timedelta(minutes=1), owner="test")
    ((held, selected),) = select_films(desk.ledger, claims)
    (result,) = analyse_films(desk.settings(), [selected], lambda _: analyse)
    assert isinstance(result, FilmResult)
    assert desk.concluder().finish(held, result)
    return [
        dcmread(BytesIO(desk.store.read(made.file))) for made in result.instances if made.role is Role.REPORT
    ]


def former_of(report: Dataset) -> list[str]:
    return [
        str(item.ReferencedSOPInstanceUID)
        for study in report.get("PredecessorDocumentsSequence", [])
        for series in study.ReferencedSeriesSequence
        for item in series.ReferencedSOPSequence
    ]


def test_a_report_by_another_bundle_names_the_one_it_replaces(tmp_path: Path) -> None:
    desk = open_desk(tmp_path / "var", destinations=[PACS, {**RESEARCH, "charset": "source"}])
    film = desk.receive()
    first = reports_of(desk, film, "a" * 64)
    second = reports_of(desk, film, "b" * 64)
    third = reports_of(desk, film, "c" * 64)

    assert len(first) == len(second) == 2
    assert [former_of(report) for report in first] == [[], []]
    assert [former_of(report) for report in second] == [[one.SOPInstanceUID] for one in first]
    assert [former_of(report) for report in third] == [[one.SOPInstanceUID] for one in second]
    for report, former in zip(second, first, strict=True):
        (study,) = report.PredecessorDocumentsSequence
        assert study.StudyInstanceUID == former.StudyInstanceUID
        assert study.ReferencedSeriesSequence[0].SeriesInstanceUID == former.SeriesInstanceUID


def test_a_report_that_is_made_again_has_the_same_bytes(tmp_path: Path) -> None:
    desk = desk_with(tmp_path)
    film = desk.receive()
    first, second, second_again, first_again = (
        reports_of(desk, film, letter * 64)[0] for letter in ("a", "b", "b", "a")
    )

    assert to_part10(second_again) == to_part10(second)
    assert to_part10(first_again) == to_part10(first)


def test_the_enhanced_variant_names_the_variant_of_the_former(tmp_path: Path) -> None:
    desk = desk_with(tmp_path)
    film = desk.receive()
    for letter in ("a", "b"):
        reports_of(desk, film, letter * 64)
    with desk.ledger.read() as connection:
        made = [one for one in results_of(connection, film.instance_id) if one.role is Role.REPORT]
    first, second = (enhanced_variant(desk.ledger, desk.store, report) for report in made)

    read = dcmread(BytesIO(desk.store.read(second.file)))
    assert former_of(read) == [first.sop_instance_uid]
    assert dciodvfy(desk.store.path(second.file)) == []
