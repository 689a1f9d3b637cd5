"""The process that analyses: the worker loop, and the engine whose processes hold the models."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Any

from node.composition.auditing import auditing
from node.composition.stores import open_stores
from node.config.schema import Config
from node.errors import StartRefused
from node.identity import device_uid, utc_offset
from node.log import EventLog, silence_resource_tracker
from node.processes.lifetime import Drain
from node.processes.service import owner_name
from node.routing.router import Router
from node.work.analysis import AnalysisSettings, warm_up
from node.work.conclusion import Concluder
from node.work.doorbell import Doorbell
from node.work.executor import SlotExecutor
from node.work.following import FollowedModels, usable_bundle
from node.work.loops import start_loop
from node.work.models import ModelSettings
from node.work.retry import RetryPolicy
from node.work.routing import Routes
from node.work.seats import Seating, cuda_devices, plan_seating, usable_cores
from node.work.shadower import Shadower
from node.work.values import describe_warm_up
from node.work.wishes import Wishes
from node.work.worker import Worker, WorkerSettings
from pipeline.bundle import verify_bundle
from pipeline.errors import BundleError
from storage.ledger import Ledger
from storage.queue import release_owned

_LOOK_S = 0.5
_FOR_SHADOW = 1
"""Bundles that stay warm besides, so that one in shadow takes no place from those that serve."""

_log = EventLog("work")


def work(config: Config, drain: Drain) -> None:
    """Analyse what is queued until the wish to stop."""
    silence_resource_tracker()
    with auditing(config):
        _work(config, drain)


def _work(config: Config, drain: Drain) -> None:
    ledger, _ = open_stores(config)
    seating = plan_seating(config.work, cuda_devices(), usable_cores())
    settings = analysis_settings(config, ledger, seating.threads)
    engine = make_engine(config, settings, seating)
    try:
        if _is_ready(engine, drain):
            worker = make_worker(config, ledger, engine, settings)
            start_shadow(config, ledger, engine, settings, drain)
            with Doorbell(config.node.data_dir, "analyse") as bell:
                worker.run(bell, drain)
    finally:
        engine.executor.shutdown(cancel_futures=True)
        ledger.close()


def analysis_settings(config: Config, ledger: Ledger, threads: int) -> AnalysisSettings:
    """Gather what the engine's processes need to know.

    Raises
    ------
    StartRefused
        If the model bundle must not be used.
    """
    router = Router.of(config, usable_bundle(config, ledger))
    for bundle in router.bundles:
        try:
            verify_bundle(bundle)
        except BundleError as error:
            raise StartRefused(f"the model bundle cannot be used; {error}") from error
    return AnalysisSettings(
        router=router,
        models=ModelSettings(
            router.gate, config.work.engine, threads, config.model.warm_bundles + _FOR_SHADOW
        ),
        objects_dir=config.objects_dir,
        device_uid=device_uid(config),
        station_name=config.node.station_name,
        utc_offset=utc_offset(config),
        keep_overlay=config.results.keep_overlay,
        wishes=Wishes.of(config),
    )


@dataclass(frozen=True, slots=True)
class Engine:
    """The executor that runs batches, and what the worker must know of it.

    Attributes
    ----------
    slots
        Batches that run at once.
    batch
        Films claimed together.
    ready
        Done when the models are warm; None when that cannot be told.
    give_up
        Ends a batch that outstays its time.
    """

    executor: Executor
    slots: int
    batch: int
    ready: Future[None] | None = None
    give_up: Callable[[Future[Any]], None] | None = None


def make_engine(config: Config, settings: AnalysisSettings, seating: Seating) -> Engine:
    """Make the executor that the configuration asks for; its models begin to warm up.

    Raises
    ------
    StartRefused
        If the Ray cluster or the extra for it is not there.
    """
    warm = partial(warm_up, settings)
    if config.work.executor == "ray":
        try:
            from node.work.ray_executor import RayExecutor
        except ImportError as error:
            raise StartRefused(
                "work.executor is ray, which is missing: pip install -e '.[ray]' in neolung's folder"
            ) from error
        wanted = None if config.work.processes == "auto" else config.work.processes
        cluster = RayExecutor(warm, address=config.work.ray_address, actors=wanted)
        return Engine(cluster, cluster.slots, config.work.batch)

    executor = SlotExecutor(seating.seats, warm)
    return Engine(executor, executor.slots, seating.batch, executor.ready, executor.give_up)


def _is_ready(engine: Engine, drain: Drain) -> bool:
    """Wait for the models; False when the wish to stop came first."""
    started = monotonic()
    while engine.ready is not None and not engine.ready.done():
        if drain.wait(_LOOK_S):
            return False
    error = engine.ready.exception() if engine.ready is not None else None
    if error is not None:
        raise StartRefused(f"the models do not start; {describe_warm_up(error)}") from error
    _log.info("models ready", processes=engine.slots, batch=engine.batch, seconds=monotonic() - started)
    return True


def start_shadow(
    config: Config, ledger: Ledger, engine: Engine, settings: AnalysisSettings, drain: Drain
) -> None:
    """Start the loop of the bundle in shadow; it sleeps while none is named."""
    owner = f"{owner_name('work', config)}/shadow"
    release_owned(ledger, owner)
    shadower = Shadower(config, ledger, engine.executor, settings.models, owner)
    start_loop("shadow", shadower.turn, config.node.data_dir, drain, config.work.poll_s)


def make_worker(config: Config, ledger: Ledger, engine: Engine, settings: AnalysisSettings) -> Worker:
    """Make the worker loop."""
    work = config.work
    policy = RetryPolicy(work.first_delay_s, work.max_delay_s)
    concluder = Concluder(ledger, Routes(config), policy, config.node.ae_title, config.node.data_dir)
    worker_settings = WorkerSettings(
        owner=owner_name("work", config),
        batch=engine.batch,
        in_flight=2 * engine.slots,
        lease=timedelta(seconds=work.lease_s),
        batch_timeout_s=work.batch_timeout_s,
        drain_timeout_s=config.limits.drain_timeout_s,
        poll_s=work.poll_s,
    )
    models = FollowedModels(config, ledger, engine.executor, settings)
    return Worker(
        engine.executor,
        models,
        concluder,
        worker_settings,
        serves=lambda: models.serves,
        give_up=engine.give_up,
    )
