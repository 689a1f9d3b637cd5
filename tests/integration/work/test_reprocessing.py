"""Stored films are judged once more by another model; new reports name the old ones, which stay."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from node.models.choice import active_model
from node.models.promotion import Registrar
from node.models.store import ModelStore
from node.network.backlog import Backlog
from node.reprocessing import Reprocessing
from node.routing.values import Sender
from node.work.analysis import AnalysisSettings, process_batch
from node.work.selection import select_films
from node.work.values import FilmResult, KeptBack
from pipeline.results.times import content_moment
from storage.analyses import list_analyses
from storage.instances import results_of
from storage.queue import claim, claim_films, release
from storage.retention import forget_jobs
from storage.values import JobKind, JobState, Role, StoredInstance
from tests.integration.work.conftest import PACS
from tests.support.bundles import make_tiny_bundle, sign_again
from tests.support.films import make_film
from tests.support.work import Desk, open_desk

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_desk(tmp_path, destinations=[PACS])
    with closing(desk.ledger):
        yield desk


def _with_bundle(settings: AnalysisSettings, bundle: Path) -> AnalysisSettings:
    return replace(settings, router=replace(settings.router, default_bundle=bundle))


def _judge_again(desk: Desk, bundle: Path | None = None) -> None:
    """Judge all stored films that another model judged last."""
    settings = desk.settings() if bundle is None else _with_bundle(desk.settings(), bundle)
    asked = Reprocessing(desk.config, desk.ledger).start(100)
    assert _judge(desk, settings) == asked > 0


def _predecessor(report: Dataset) -> str | None:
    if "PredecessorDocumentsSequence" not in report:
        return None
    (study,) = report.PredecessorDocumentsSequence
    (series,) = study.ReferencedSeriesSequence
    (former,) = series.ReferencedSOPSequence
    return str(former.ReferencedSOPInstanceUID)


def _judge(desk: Desk, settings: AnalysisSettings) -> int:
    """Judge all that waits with real models."""
    count = 0
    while claims := claim(desk.ledger, JobKind.ANALYSE, "", 10, lease=timedelta(hours=1), owner="desk"):
        selected = select_films(desk.ledger, claims)
        outcomes = process_batch(settings, [film for _, film in selected])
        for (held, _), outcome in zip(selected, outcomes, strict=True):
            assert isinstance(outcome, FilmResult), outcome
            assert desk.concluder().finish(held, outcome)
            count += 1
    return count


def _reports(desk: Desk, film: StoredInstance) -> list[StoredInstance]:
    with desk.ledger.read() as connection:
        return [one for one in results_of(connection, film.instance_id) if one.role is Role.REPORT]


def test_a_promoted_model_judges_stored_films_and_its_reports_name_the_ones_before(
    desk: Desk, tiny: Path
) -> None:
    films = [desk.receive() for _ in range(3)]
    assert _judge(desk, desk.settings()) == 3
    campaign = Reprocessing(desk.config, desk.ledger)
    assert campaign.standing().outdated == 0
    assert campaign.start(10) == 0

    model = ModelStore(desk.data_dir).add(tiny)
    Registrar(desk.config, desk.ledger).promote(model.short, override=True, reason="test")
    campaign = Reprocessing(desk.config, desk.ledger)
    assert (campaign.standing().outdated, campaign.standing().waiting) == (3, 0)
    assert campaign.start(2) == 2
    assert (campaign.standing().outdated, campaign.standing().waiting) == (1, 2)
    assert campaign.start(10) == 1
    assert campaign.start(10) == 0
    assert {job.priority for job in desk.jobs(JobKind.ANALYSE)} == {-20}

    assert _judge(desk, _with_bundle(desk.settings(), model.path)) == 3
    assert campaign.standing().outdated == 0
    for film in films:
        old, new = _reports(desk, film)
        report = dcmread(BytesIO(desk.store.read(new.file)))
        assert new.sop_instance_uid != old.sop_instance_uid
        assert _predecessor(report) == old.sop_instance_uid
        assert desk.store.read(old.file)


def test_after_a_roll_back_the_first_model_reports_anew(desk: Desk, tiny: Path) -> None:
    film = desk.receive(make_film(rows=64, columns=52, TimezoneOffsetFromUTC="+0900"))
    _judge(desk, desk.settings())
    registrar = Registrar(desk.config, desk.ledger)
    model = ModelStore(desk.data_dir).add(tiny)
    registrar.promote(model.short, override=True, reason="test")
    _judge_again(desk, model.path)
    registrar.roll_back(reason="test")
    _judge_again(desk)

    reports = [dcmread(BytesIO(desk.store.read(one.file))) for one in _reports(desk, film)]
    assert len({report.SOPInstanceUID for report in reports}) == 3
    assert len({report.SeriesInstanceUID for report in reports}) == 3
    assert [_predecessor(report) for report in reports] == [
        None,
        *(one.SOPInstanceUID for one in reports[:2]),
    ]
    moments = [content_moment(report, "+0000") for report in reports]
    assert moments == sorted(set(moments))
    assert moments[0] == film.received_at
    waiting = desk.jobs(JobKind.DELIVER, JobState.READY)
    assert {str(report.SOPInstanceUID) for report in reports} <= {job.key for job in waiting}


def test_a_film_that_is_asked_for_again_is_reported_once_however_often_it_is_tried(
    desk: Desk, tiny: Path
) -> None:
    film = desk.receive()
    desk.analyse_all()
    model = ModelStore(desk.data_dir).add(tiny)
    Registrar(desk.config, desk.ledger).promote(model.short, override=True, reason="test")
    assert Reprocessing(desk.config, desk.ledger).start(10) == 1
    settings = _with_bundle(desk.settings(), model.path)

    (lost,) = claim(desk.ledger, JobKind.ANALYSE, "", 10, lease=timedelta(0), owner="dies")
    (first,) = process_batch(settings, [film for _, film in select_films(desk.ledger, [lost])])
    (held,) = claim(desk.ledger, JobKind.ANALYSE, "", 10, lease=timedelta(hours=1), owner="lives")
    (second,) = process_batch(settings, [film for _, film in select_films(desk.ledger, [held])])
    assert isinstance(first, FilmResult)
    assert isinstance(second, FilmResult)
    assert first.instances == second.instances
    assert not desk.concluder().finish(lost, first)
    assert desk.concluder().finish(held, second)
    assert len(_reports(desk, film)) == 2


def _claim_for(desk: Desk, digest: str) -> set[str]:
    claims = claim_films(desk.ledger, 10, digest, lease=timedelta(hours=1), owner="test")
    selected = select_films(desk.ledger, claims, digest)
    release(desk.ledger, [held for held, _ in selected])
    return {film.sop_instance_uid for _, film in selected}


def test_a_worker_that_still_has_the_model_before_leaves_them_alone(desk: Desk, tiny: Path) -> None:
    old = desk.receive()
    desk.analyse_all()
    with desk.ledger.read() as connection:
        (record,) = list_analyses(connection)
    model = ModelStore(desk.data_dir).add(tiny)
    Registrar(desk.config, desk.ledger).promote(model.short, override=True, reason="test")
    assert Reprocessing(desk.config, desk.ledger).start(10) == 1
    new = desk.receive(make_film(rows=64, columns=52, seed=2))

    assert _claim_for(desk, record.bundle_digest) == {new.sop_instance_uid}
    assert _claim_for(desk, model.digest) == {old.sop_instance_uid, new.sop_instance_uid}


def test_films_that_wait_for_a_model_that_was_rolled_back_are_left_as_they_are(
    desk: Desk, tiny: Path
) -> None:
    film = desk.receive()
    _judge(desk, desk.settings())
    first = active_model(desk.config, desk.ledger).digest
    registrar = Registrar(desk.config, desk.ledger)
    registrar.promote(ModelStore(desk.data_dir).add(tiny).short, override=True, reason="test")
    assert Reprocessing(desk.config, desk.ledger).start(10) == 1
    registrar.roll_back(reason="test")

    assert _claim_for(desk, first) == set()
    assert [job.state for job in desk.jobs(JobKind.ANALYSE)] == [JobState.DONE]
    assert len(_reports(desk, film)) == 1


def test_they_turn_no_new_film_away(desk: Desk, tiny: Path) -> None:
    for seed in range(3):
        desk.receive(make_film(rows=64, columns=52, seed=seed))
    desk.analyse_all()
    model = ModelStore(desk.data_dir).add(tiny)
    Registrar(desk.config, desk.ledger).promote(model.short, override=True, reason="test")
    assert Reprocessing(desk.config, desk.ledger).start(10) == 3
    assert not Backlog(desk.ledger, 1).is_over_limit()
    desk.receive(make_film(rows=64, columns=52, seed=9))
    assert Backlog(desk.ledger, 1).is_over_limit()


def test_it_can_be_stopped_and_keeps_to_days(desk: Desk, tiny: Path) -> None:
    for _ in range(2):
        desk.receive()
    desk.analyse_all()
    new = desk.receive()
    past, future = date(2000, 1, 1), date(2100, 1, 1)
    assert Reprocessing(desk.config, desk.ledger, until=past).standing().outdated == 0
    assert Reprocessing(desk.config, desk.ledger, since=future).standing().outdated == 0
    campaign = Reprocessing(desk.config, desk.ledger, since=past, until=future)
    assert campaign.start(10) == 2
    assert campaign.stop() == 2
    states = {job.key: job.state for job in desk.jobs(JobKind.ANALYSE)}
    assert states.pop(new.sop_instance_uid) is JobState.READY
    assert set(states.values()) == {JobState.DONE}
    assert campaign.start(10) == 2


def test_films_whose_jobs_were_forgotten_are_asked_for_all_the_same(desk: Desk) -> None:
    desk.receive()
    desk.analyse_all()
    with desk.ledger.read() as connection:
        now = desk.ledger.now(connection)
    assert forget_jobs(desk.ledger, now.replace(year=now.year + 1)) == 1
    campaign = Reprocessing(desk.config, desk.ledger)
    assert campaign.start(10) == 1
    assert [job.state for job in desk.jobs(JobKind.ANALYSE)] == [JobState.READY]


def test_films_that_a_route_keeps_back_are_left_at_that_until_another_model_is_chosen(
    desk: Desk, tiny: Path
) -> None:
    desk.receive()
    desk.analyse_all()
    model = ModelStore(desk.data_dir).add(tiny)
    registrar = Registrar(desk.config, desk.ledger)
    registrar.promote(model.short, override=True, reason="test")
    assert Reprocessing(desk.config, desk.ledger).start(10) == 1
    (held,) = claim(desk.ledger, JobKind.ANALYSE, "", 10, lease=timedelta(hours=1), owner="test")
    kept = replace(desk.settings().router.decide(make_film(), Sender("A", "B", "")), process=False)
    assert desk.concluder().keep_back(held, KeptBack(kept))

    assert Reprocessing(desk.config, desk.ledger).standing().outdated == 0
    assert Reprocessing(desk.config, desk.ledger).start(10) == 0
    other = Path(shutil.copytree(tiny, desk.data_dir / "other"))
    sign_again(other, version="2")
    registrar.promote(ModelStore(desk.data_dir).add(other).short, override=True, reason="test")
    assert Reprocessing(desk.config, desk.ledger).start(10) == 1


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_starts_at_the_same_time_ask_for_each_film_once(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url") if engine == "postgresql" else None
    desk = open_desk(tmp_path, url)
    for seed in range(12):
        desk.receive(make_film(rows=64, columns=52, seed=seed))
    desk.analyse_all()
    forget_jobs(desk.ledger, datetime.now(UTC) + timedelta(days=1))
    with ThreadPoolExecutor(4) as several, closing(desk.ledger):
        starts = [several.submit(Reprocessing(desk.config, desk.ledger).start, 100) for _ in range(4)]
        assert sum(start.result() for start in starts) == 12
        assert len(desk.jobs(JobKind.ANALYSE, JobState.READY)) == 12


def test_films_of_routes_with_a_bundle_of_their_own_are_left_alone(tmp_path: Path, tiny: Path) -> None:
    route = {"name": "own", "when": {"calling_ae_title": "MODALITY"}, "bundle": str(tiny)}
    desk = open_desk(tmp_path, routes=[route])
    with closing(desk.ledger):
        desk.receive()
        desk.analyse_all()
        assert Reprocessing(desk.config, desk.ledger).standing().outdated == 0
        without = desk.config.model_copy(update={"routes": ()})
        assert Reprocessing(without, desk.ledger).standing().outdated == 1
