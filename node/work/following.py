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
from storage.events import SERVES_EVENT, add_event
from storage.ledger import Ledger

LOOK_S = 1.0
"""Between two looks at the ledger."""
RETRY_S = 60.0
"""Until a bundle that was refused is looked at again: somebody may have mended it."""

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
    _refused: dict[ChosenModel, float] = field(default_factory=dict)
    _coming: "tuple[ChosenModel, AnalysisSettings, Future[None]] | None" = None

    def __post_init__(self) -> None:
        manifest, self.serves = read_manifest(self.settings.router.default_bundle)
        _tell(self.ledger, SERVES_EVENT, self.serves, f"{manifest.name} {manifest.version}")

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
        if chosen is None or monotonic() - self._refused.get(chosen, -RETRY_S) < RETRY_S:
            return
        try:
            model = active_model(self.config, self.ledger)
            if model.path == self.settings.router.default_bundle:
                return
            verify_bundle(model.path)
        except StorageFailed:
            return
        except BundleError as error:
            self._refuse(chosen, error)
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
            _tell(self.ledger, SERVES_EVENT, self.serves, chosen.name)
        elif isinstance(error, BundleError):
            self._refuse(chosen, error)
        else:  # a process of the engine died; the next look tries again
            _log.warning("new model did not warm up", bundle=chosen.name, reason=describe_warm_up(error))

    def _refuse(self, chosen: ChosenModel, error: BundleError) -> None:
        """Leave a bundle for a while; it is told once."""
        if chosen not in self._refused:
            _refuse(self.ledger, chosen.name, error)
        self._refused[chosen] = monotonic()


def _refuse(ledger: Ledger, name: str, error: BaseException) -> None:
    reason = describe_warm_up(error)
    _log.error(
        "the active model cannot be used, the one before serves on", bundle=name or None, reason=reason
    )
    _tell(ledger, "model refused", name, reason)


def _tell(ledger: Ledger, what: str, subject: str, detail: str) -> None:
    try:
        with ledger.begin() as connection:
            add_event(connection, what, subject=subject, detail=detail)
    except StorageFailed:
        pass  # the log has it
