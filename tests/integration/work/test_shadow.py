"""A bundle in shadow judges the same films; nothing of what it says leaves the node."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from node.models.choice import shadow_model
from node.models.promotion import Registrar
from node.models.store import ModelStore, StoredModel
from node.work.models import ModelSettings
from node.work.shadower import Shadower
from storage.analyses import list_analyses
from storage.events import list_events
from storage.matching import Level
from storage.query import find
from storage.shadows import count_shadows, pairs
from storage.values import JobKind, JobState
from tests.support.bundles import make_tiny_bundle
from tests.support.films import make_film
from tests.support.work import Desk, open_desk

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_desk(tmp_path)
    with closing(desk.ledger):
        yield desk


@pytest.fixture
def shadow(desk: Desk, tiny: Path) -> StoredModel:
    """A bundle in shadow, named by a person."""
    model = ModelStore(desk.data_dir).add(tiny)
    Registrar(desk.config, desk.ledger).shadow(model.short)
    return model


def _work_off(desk: Desk) -> Shadower:
    """Judge in shadow all that waits."""
    with ThreadPoolExecutor(1) as engine:
        models = ModelSettings(desk.settings().router.gate, "cpu", 1)
        shadower = Shadower(desk.config, desk.ledger, engine, models, "test:shadow")
        while shadower.turn() == 0.0:
            pass
    return shadower


def _found(desk: Desk) -> int:
    with desk.ledger.read() as connection:
        return len(list(find(connection, Level.IMAGE, {})))


def test_each_film_is_judged_by_both_and_nothing_new_is_found_or_sent(
    desk: Desk, shadow: StoredModel
) -> None:
    for _ in range(3):
        desk.receive()
    desk.analyse_all()
    found = _found(desk)
    _work_off(desk)
    with desk.ledger.read() as connection:
        judged = list(pairs(connection, shadow.digest, _active_digest(desk)))
        assert count_shadows(connection) == {shadow.digest: 3}
    assert len(judged) == 3
    assert {pair.shadow.bundle_digest for pair in judged} == {shadow.digest}
    assert len({pair.sop_instance_uid for pair in judged}) == 3
    assert _found(desk) == found
    assert not desk.jobs(JobKind.DELIVER)
    assert all(job.state is JobState.DONE for job in desk.jobs(JobKind.SHADOW))


def _active_digest(desk: Desk) -> str:
    """What the invented analyses say they come from."""
    with desk.ledger.read() as connection:
        (digest,) = {record.bundle_digest for record in list_analyses(connection)}
    return digest


def test_real_films_go_first(desk: Desk, shadow: StoredModel) -> None:
    desk.receive()
    desk.analyse_all()
    desk.receive()
    _work_off(desk)
    assert [job.state for job in desk.jobs(JobKind.SHADOW)] == [JobState.READY]
    desk.analyse_all()
    _work_off(desk)
    assert [job.state for job in desk.jobs(JobKind.SHADOW)] == [JobState.DONE] * 2


class _Dying(ThreadPoolExecutor):
    """An engine whose processes do not live long enough for any call."""

    def submit(self, *_: Any, **__: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool("killed"))
        return future


def _turn(desk: Desk, engine: Executor) -> None:
    models = ModelSettings(desk.settings().router.gate, "cpu", 1)
    Shadower(desk.config, desk.ledger, engine, models, "test:shadow").turn()


def test_what_dies_with_the_engine_is_tried_again_but_not_for_ever(
    desk: Desk, shadow: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.work.shadower._LOOK_AGAIN", timedelta(0))
    desk.receive()
    desk.analyse_all()
    with _Dying(1) as engine:
        for attempts in (1, 2):
            _turn(desk, engine)
            (job,) = desk.jobs(JobKind.SHADOW)
            assert (job.state, job.attempts) == (JobState.READY, attempts)
        _turn(desk, engine)
    assert [job.state for job in desk.jobs(JobKind.SHADOW)] == [JobState.DONE]
    with desk.ledger.read() as connection:
        assert list_events(connection)[0].what == "shadow says nothing"


def test_an_engine_that_was_shut_down_leaves_the_films_to_the_next(desk: Desk, shadow: StoredModel) -> None:
    desk.receive()
    desk.analyse_all()
    with ThreadPoolExecutor(1) as engine:
        engine.shutdown()
        _turn(desk, engine)
    (job,) = desk.jobs(JobKind.SHADOW)
    assert (job.state, job.attempts, job.running) == (JobState.READY, 0, False)


def test_a_film_that_another_stands_for_is_not_asked_about(desk: Desk, shadow: StoredModel) -> None:
    header = {"AcquisitionTime": "080000", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3.4"}
    for processing in ("ORIGINAL", "DERIVED"):
        film = make_film(rows=64, columns=52, **header)
        film.ImageType = [processing, "PRIMARY"]
        film.SeriesDescription = "chest" if processing == "ORIGINAL" else "chest, tube enhanced"
        desk.receive(film)
        desk.analyse_all()
    with desk.ledger.read() as connection:
        stood_for = [bool(one.details["stands_for_it"]) for one in list_analyses(connection)]
    assert sorted(stood_for) == [False, True]
    assert len(desk.jobs(JobKind.SHADOW)) == 1


def test_without_a_shadow_nothing_is_asked(desk: Desk, shadow: StoredModel) -> None:
    Registrar(desk.config, desk.ledger).shadow(None)
    desk.receive()
    desk.analyse_all()
    assert not desk.jobs(JobKind.SHADOW)


def test_a_shadow_that_does_not_run_troubles_nobody(desk: Desk, shadow: StoredModel) -> None:
    desk.receive()
    desk.analyse_all()
    chosen = shadow_model(desk.config, desk.ledger)
    assert chosen is not None
    (chosen.path / "classifier.onnx").chmod(0o644)
    (chosen.path / "classifier.onnx").write_bytes(b"no graph")
    _work_off(desk)
    assert [job.state for job in desk.jobs(JobKind.SHADOW)] == [JobState.DONE]
    with desk.ledger.read() as connection:
        assert not count_shadows(connection)
        event = list_events(connection)[0]
    assert event.what == "shadow says nothing"
    assert "classifier.onnx" in event.detail


def test_a_film_whose_file_is_lost_is_passed_over(desk: Desk, shadow: StoredModel) -> None:
    lost, kept = desk.receive(), desk.receive()
    desk.analyse_all()
    desk.store.path(lost.file).unlink()
    _work_off(desk)
    with desk.ledger.read() as connection:
        judged = list(pairs(connection, shadow.digest, _active_digest(desk)))
    assert [pair.sop_instance_uid for pair in judged] == [kept.sop_instance_uid]
