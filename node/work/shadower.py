"""Works on the SHADOW queue while no film waits: another bundle judges what the active one has judged."""

from concurrent.futures import BrokenExecutor, CancelledError, Executor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from node.config.schema import Config
from node.log import EventLog
from node.models.choice import shadow_model
from node.models.store import StoredModel
from node.work.models import ModelSettings
from node.work.shadowing import ShadowFilm, judge_in_shadow
from node.work.values import describe_failure
from pipeline.errors import BundleError
from storage.errors import LeaseLost
from storage.events import add_event
from storage.instances import get_instances
from storage.jobs import has_due
from storage.ledger import Ledger
from storage.queue import claim, complete, release, retry_later
from storage.shadows import add_shadow
from storage.values import AnalysisRecord, Claim, JobKind

_BATCH = 4
_LEASE = timedelta(minutes=10)
_NOTHING_DUE = float("inf")
_NOT_NOW_S = 2.0
_LOOK_AGAIN = timedelta(seconds=_NOT_NOW_S)

_log = EventLog("shadow")

_Said = AnalysisRecord | str | None
"""What the bundle says of a film, why it says nothing, or None when no bundle runs in shadow any more."""


@dataclass(slots=True)
class Shadower:
    """One loop beside the worker's, on the same engine.

    Attributes
    ----------
    owner
        Name of this loop among all that work on the queue.
    """

    config: Config
    ledger: Ledger
    engine: Executor
    models: ModelSettings
    owner: str
    _trouble: str = ""

    def turn(self) -> float:
        """Judge a few films, unless real work waits.

        Returns
        -------
        float
            Seconds for which nothing is to be done; 0 when there may be more.

        Raises
        ------
        StorageFailed
            If the ledger does not answer.
        """
        with self.ledger.read() as connection:
            if has_due(connection, JobKind.ANALYSE):
                return _NOT_NOW_S
        claims = claim(self.ledger, JobKind.SHADOW, "", _BATCH, lease=_LEASE, owner=self.owner)
        if not claims:
            return _NOTHING_DUE
        shadow = self._shadow()
        try:
            self._end(claims, self._judge(claims, shadow) if shadow else [None] * len(claims))
        except CancelledError:  # the node stops
            release(self.ledger, claims)
        except BrokenExecutor as error:
            self._put_off(claims, describe_failure(error))
        return 0.0

    def _shadow(self) -> StoredModel | None:
        try:
            shadow = shadow_model(self.config, self.ledger)
        except BundleError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _log.error("the bundle in shadow cannot be read", reason=str(error))
                with self.ledger.begin() as connection:
                    add_event(connection, "shadow refused", subject="", detail=str(error))
            return None
        self._trouble = ""
        return shadow

    def _judge(self, claims: list[Claim], shadow: StoredModel) -> list[_Said]:
        with self.ledger.read() as connection:
            instances = get_instances(connection, [held.instance_id for held in claims])
        films = [
            ShadowFilm(held.instance_id, instance.file)
            for held, instance in zip(claims, instances, strict=True)
        ]
        call = partial(judge_in_shadow, self.models, shadow.path, self.config.objects_dir, films)
        try:
            future = self.engine.submit(call)
        except RuntimeError as error:  # the engine was shut down
            raise CancelledError from error
        try:
            return list(future.result())
        except (CancelledError, BrokenExecutor):
            raise
        except Exception as error:  # noqa: BLE001 - a bundle in shadow must never trouble the node
            reason = describe_failure(error)
            _log.error("the bundle in shadow does not run", bundle=shadow.name, reason=reason)
            return [reason] * len(claims)

    def _put_off(self, claims: list[Claim], reason: str) -> None:
        """Try again what was lost with a process of the engine, which may have ended with the node."""
        lost = [held for held in claims if held.attempt >= held.max_attempts]
        for held in claims:
            if held in lost:
                continue
            try:
                with self.ledger.begin() as connection:
                    retry_later(connection, held, reason, _LOOK_AGAIN)
            except LeaseLost:
                continue
        self._end(lost, [reason] * len(lost))

    def _end(self, claims: list[Claim], judged: list[_Said]) -> None:
        """Keep what was said; a film about which nothing was said is not tried again."""
        for held, said in zip(claims, judged, strict=True):
            try:
                with self.ledger.begin() as connection:
                    complete(connection, held)
                    if isinstance(said, AnalysisRecord):
                        add_shadow(connection, said)
                    elif said is not None:
                        add_event(connection, "shadow says nothing", subject=held.key, detail=said)
            except LeaseLost:
                continue
