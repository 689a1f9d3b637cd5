"""A running worker takes up a promoted bundle, refuses a damaged one, and loses no film meanwhile."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from node.models.choice import active_model
from node.models.promotion import Registrar
from node.models.store import ModelStore
from node.overview import look
from node.processes.lifetime import Drain
from node.work.doorbell import Doorbell
from node.work.following import FollowedModels, usable_bundle
from node.work.worker import Worker, WorkerSettings
from pipeline.bundle import reference_bundle
from storage.analyses import list_analyses
from storage.events import list_events
from storage.promotions import Part, Promotion, decide
from storage.values import JobKind
from tests.support.bundles import make_tiny_bundle, sign_again
from tests.support.waiting import wait_until
from tests.support.work import Desk, open_desk

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two bundles; the first is what the configuration names."""
    folder = tmp_path_factory.mktemp("bundles")
    first = make_tiny_bundle(folder / "first")
    second = Path(shutil.copytree(first, folder / "second"))
    sign_again(second, version="2")
    return [first, second]


@pytest.fixture
def desk(tmp_path: Path, tiny: list[Path]) -> Iterator[Desk]:
    desk = open_desk(tmp_path, model={"bundle": str(tiny[0])})
    yield desk
    desk.ledger.close()


@pytest.fixture
def following(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[FollowedModels]:
    """A worker at work in threads, with real models."""
    monkeypatch.setattr("node.work.following.LOOK_S", 0.0)
    drain = Drain()
    with ThreadPoolExecutor(1) as engine:
        models = FollowedModels(desk.config, desk.ledger, engine, desk.settings())
        worker = Worker(engine, models, desk.concluder(), WorkerSettings(owner="test:0", poll_s=0.05))
        with Doorbell(desk.data_dir, "analyse") as bell:
            thread = threading.Thread(target=worker.run, args=(bell, drain))
            thread.start()
            try:
                yield models
            finally:
                drain.request()
                thread.join(60)
                assert not thread.is_alive()


def _analyse_one(desk: Desk) -> str:
    """Take a film in, and give the digest of the bundle that judged it."""
    instance = desk.receive()
    wait_until(lambda: desk.is_done(JobKind.ANALYSE), 60)
    with desk.ledger.read() as connection:
        (record,) = (
            one
            for one in list_analyses(connection, limit=50)
            if one.source_instance_id == instance.instance_id
        )
    return record.bundle_digest


def test_the_next_films_are_judged_by_the_promoted_bundle_and_by_the_old_one_after_a_roll_back(
    desk: Desk, tiny: list[Path], following: FollowedModels
) -> None:
    registrar = Registrar(desk.config, desk.ledger)
    first = active_model(desk.config, desk.ledger)
    assert _analyse_one(desk) == first.digest

    second = ModelStore(desk.data_dir).add(tiny[1])
    registrar.promote(second.short, override=True, reason="test")
    wait_until(lambda: _analyse_one(desk) == second.digest, 60)

    registrar.roll_back()
    wait_until(lambda: _analyse_one(desk) == first.digest, 60)


def test_a_bundle_that_is_damaged_after_its_promotion_is_refused_and_the_old_one_serves_on(
    desk: Desk, tiny: list[Path], following: FollowedModels
) -> None:
    first = active_model(desk.config, desk.ledger)
    assert _analyse_one(desk) == first.digest
    second = ModelStore(desk.data_dir).add(tiny[1])
    weights = second.path / "classifier.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    # The command would refuse it; the disk may fail between the command and the worker's look.
    decision = Promotion(Part.ACTIVE, second.digest, second.name, "overridden", "test", "test")
    with desk.ledger.begin() as connection:
        decide(connection, decision)

    for _ in range(3):
        assert _analyse_one(desk) == first.digest
    with desk.ledger.read() as connection:
        (refusal,) = (event for event in list_events(connection) if event.what == "model refused")
    assert "classifier.safetensors" in refusal.detail
    assert following.settings.router.default_bundle == first.path


def test_a_bundle_that_was_mended_is_taken_up_and_status_tells_who_serves_until_then(
    desk: Desk, tiny: list[Path], following: FollowedModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.work.following.RETRY_S", 0.05)
    monkeypatch.setattr("node.overview._WARM_UP", timedelta(0))
    first = active_model(desk.config, desk.ledger)
    second = ModelStore(desk.data_dir).add(tiny[1])
    weights = second.path / "classifier.safetensors"
    whole = weights.read_bytes()
    weights.chmod(0o644)
    weights.write_bytes(whole[:-1] + b"?")
    with desk.ledger.begin() as connection:
        decide(connection, Promotion(Part.ACTIVE, second.digest, second.name, "overridden", "test", "test"))

    assert _analyse_one(desk) == first.digest
    assert any(
        f"judged by {first.name}, not by the active {second.name}" in s for s in look(desk.config).troubles
    )
    weights.write_bytes(whole)
    wait_until(lambda: _analyse_one(desk) == second.digest, 60)
    assert not any("judged by" in sentence for sentence in look(desk.config).troubles)


def test_a_manifest_that_is_damaged_while_its_bundle_serves_changes_nothing(
    desk: Desk, tiny: list[Path], following: FollowedModels
) -> None:
    second = ModelStore(desk.data_dir).add(tiny[1])
    Registrar(desk.config, desk.ledger).promote(second.short, override=True, reason="test")
    wait_until(lambda: _analyse_one(desk) == second.digest, 60)
    (second.path / "manifest.json").chmod(0o644)
    (second.path / "manifest.json").write_bytes(b"{}")
    for _ in range(3):
        assert _analyse_one(desk) == second.digest
    with desk.ledger.read() as connection:
        assert [event.what for event in list_events(connection)].count("model refused") == 1


def test_a_node_starts_on_its_first_bundle_when_the_active_one_is_damaged(
    desk: Desk, tiny: list[Path]
) -> None:
    second = ModelStore(desk.data_dir).add(tiny[1])
    Registrar(desk.config, desk.ledger).promote(second.short, override=True, reason="test")
    assert usable_bundle(desk.config, desk.ledger) == second.path
    (second.path / "segmenter.onnx").unlink()
    assert usable_bundle(desk.config, desk.ledger) == tiny[0]


def test_a_node_starts_on_the_promoted_bundle_when_the_folder_of_the_first_one_is_gone(
    tmp_path: Path, tiny: list[Path]
) -> None:
    first = Path(shutil.copytree(tiny[0], tmp_path / "first"))
    desk = open_desk(tmp_path, model={"bundle": str(first)})
    second = ModelStore(desk.data_dir).add(tiny[1])
    Registrar(desk.config, desk.ledger).promote(second.short, override=True, reason="test")
    shutil.rmtree(first)
    assert usable_bundle(desk.config, desk.ledger) == second.path
    with desk.ledger.read() as connection:
        assert "model refused" not in [event.what for event in list_events(connection)]
    desk.ledger.close()


class HeldEngine(ThreadPoolExecutor):
    """Warms nothing up before it is told."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked: list[Future[None]] = []

    def submit(self, *_: object) -> "Future[None]":  # type: ignore[override]
        self.asked.append(Future())
        return self.asked[-1]


@pytest.fixture
def held(tmp_path: Path, tiny: list[Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[FollowedModels]:
    """Follows promotions on a first bundle that may be removed, and warms up by hand."""
    monkeypatch.setattr("node.work.following.LOOK_S", 0.0)
    first = Path(shutil.copytree(tiny[0], tmp_path / "first"))
    desk = open_desk(tmp_path, model={"bundle": str(first)})
    with HeldEngine() as engine:
        yield FollowedModels(desk.config, desk.ledger, engine, desk.settings())
    desk.ledger.close()


def _refusals(models: FollowedModels) -> list[str]:
    with models.ledger.read() as connection:
        return [event.detail for event in list_events(connection) if event.what == "model refused"]


def test_who_serves_goes_on_when_the_folder_of_the_first_bundle_is_gone(held: FollowedModels) -> None:
    first = held.settings.router.default_bundle
    shutil.rmtree(first)
    for _ in range(3):
        held()
    assert held.settings.router.default_bundle == first
    (refusal,) = _refusals(held)
    assert "no readable manifest.json" in refusal


def test_a_bundle_that_was_rolled_back_while_it_warmed_up_does_not_serve(
    held: FollowedModels, tiny: list[Path]
) -> None:
    assert isinstance(held.engine, HeldEngine)
    first, digest = held.settings.router.default_bundle, held.serves
    registrar = Registrar(held.config, held.ledger)
    second = ModelStore(held.config.node.data_dir).add(tiny[1])
    registrar.promote(second.short, override=True, reason="test")
    held()
    registrar.roll_back()
    held.engine.asked[0].set_result(None)
    for _ in range(3):
        held()
    assert (held.settings.router.default_bundle, held.serves) == (first, digest)
    assert len(held.engine.asked) == 1

    registrar.promote(second.short, override=True, reason="test")
    held()
    held.engine.asked[1].set_result(None)
    held()
    assert (held.settings.router.default_bundle, held.serves) == (second.path, second.digest)


def test_a_node_without_promotions_takes_the_bundle_that_ships(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    assert usable_bundle(desk.config, desk.ledger) == reference_bundle()
    desk.ledger.close()
