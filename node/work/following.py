"""Follows promotions: the next batch runs with the bundle that is active, once it has proved that it runs."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import monotonic

from node.config.schema import Config
from node.log import EventLog
from node.models.choice import ChosenModel, active_choice, active_model, first_bundle
from node.work.analysis import AnalysisSettings, process_batch, warm_up
from node.work.values import describe_warm_up
from node.work.worker import ProcessBatch
from pipeline.bundle import verify_bundle
from pipeline.bundle.loading import read_manifest
from pipeline.errors import BundleError
from storage.errors import StorageFailed
from storage.events import add_event
from storage.ledger import Ledger

LOOK_S = 1.0
"""Between two looks at the ledger."""

_log = EventLog("models")


def usable_bundle(config: Config, ledger: Ledger) -> Path:
    """Give the active bundle, or where it is damaged the first one, so that the node serves on."""
    try:
        model = active_model(config, ledger)
        verify_bundle(model.path)
    except BundleError as error:
        _refuse(ledger, "", error)
        return first_bundle(config)
    return model.path


@dataclass(slots=True)
class FollowedModels:
    """Gives what runs in the engine's processes.

    Attributes
    ----------
    settings
        Of the batches that are handed out now.
    warm
        What makes a process of the engine ready.
    serves
        Digest of the bundle that `settings` name.
    """

    config: Config
    ledger: Ledger
    engine: Executor
    settings: AnalysisSettings
    warm: Callable[[AnalysisSettings], None] = warm_up
    serves: str = field(init=False)
    _looked_at: float = 0.0
    _refused: set[ChosenModel] = field(default_factory=set)
    _coming: "tuple[ChosenModel, AnalysisSettings, Future[None]] | None" = None

    def __post_init__(self) -> None:
        _, self.serves = read_manifest(self.settings.router.default_bundle)

    def __call__(self) -> ProcessBatch:
        """Give the function for the next batch."""
        now = monotonic()
        if self._coming is None and now - self._looked_at >= LOOK_S:
            self._looked_at = now
            self._look()
        elif self._coming is not None and self._coming[2].done():
            self._take(*self._coming)
            self._coming = None
        return partial(process_batch, self.settings)

    def _look(self) -> None:
        """Let a newly active bundle warm up in the engine, while the old one goes on serving."""
        chosen = self._chosen()
        if chosen is None or chosen in self._refused:
            return
        try:
            model = active_model(self.config, self.ledger)
            if model.path == self.settings.router.default_bundle:
                return
            verify_bundle(model.path)
        except StorageFailed:
            return
        except BundleError as error:
            self._refused.add(chosen)
            _refuse(self.ledger, chosen.name, error)
            return
        settings = replace(self.settings, router=replace(self.settings.router, default_bundle=model.path))
        _log.info("new model warms up", bundle=model.name, digest=model.digest)
        self._coming = chosen, settings, self.engine.submit(self.warm, settings)

    def _chosen(self) -> ChosenModel | None:
        """Ask which bundle is the active one; None while the ledger does not answer."""
        try:
            return active_choice(self.config, self.ledger)
        except StorageFailed:
            return None

    def _take(self, chosen: ChosenModel, settings: AnalysisSettings, warmed: "Future[None]") -> None:
        if warmed.cancelled():
            return
        error = warmed.exception()
        if error is None and chosen != self._chosen():  # the next look takes what is active by now
            _log.info("new model does not serve, another was made active meanwhile", bundle=chosen.name)
        elif error is None:
            self.settings, self.serves = settings, chosen.digest
            _log.info("new model serves", bundle=chosen.name)
        elif isinstance(error, BundleError):
            self._refused.add(chosen)
            _refuse(self.ledger, chosen.name, error)
        else:  # a process of the engine died; the next look tries again
            _log.warning("new model did not warm up", bundle=chosen.name, reason=describe_warm_up(error))


def _refuse(ledger: Ledger, name: str, error: BaseException) -> None:
    reason = describe_warm_up(error)
    _log.error(
        "the active model cannot be used, the one before serves on", bundle=name or None, reason=reason
    )
    try:
        with ledger.begin() as connection:
            add_event(connection, "model refused", subject=name, detail=reason)
    except StorageFailed:
        pass  # the log has it
