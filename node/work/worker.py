"""The worker: claims films, lets the engine analyse them, and concludes their jobs.

One thread does everything and waits in one place, so there is nothing to lock. The engine is stateless and
may lose what it holds: a claim counts only when its conclusion is committed.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from node.log import EventLog, describe_exception
from node.processes.lifetime import Drain
from node.work.conclusion import Concluder
from node.work.doorbell import Doorbell
from node.work.retry import Failure
from node.work.selection import select_films
from node.work.values import Film, FilmFailure, FilmOutcome, KeptBack, describe_failure
from storage.errors import StorageFailed
from storage.ledger import Ledger
from storage.queue import claim_films, extend, release, release_owned
from storage.values import Claim

ProcessBatch = Callable[[Sequence[Film]], Sequence[FilmOutcome]]
"""Analyses films; picklable where the engine has processes of its own."""

_LEDGER_PAUSE_S = 1.0

_log = EventLog("worker")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker works.

    Attributes
    ----------
    owner
        Name of this worker among all that work on the queue; the same again after a restart.
    batch
        Most films claimed together.
    in_flight
        Most batches at the engine: two for each of its processes, so that none ever waits for work.
    batch_timeout_s
        Longest time for one batch, seconds from its start.
    drain_timeout_s
        How long a stopping worker waits for its batches before it hands them back, seconds.
    poll_s
        Longest time until an empty queue is looked at again, seconds.
    """

    owner: str
    batch: int = 8
    in_flight: int = 2
    lease: timedelta = timedelta(seconds=60)
    batch_timeout_s: float = 300.0
    drain_timeout_s: float = 30.0
    poll_s: float = 0.5


@dataclass(eq=False, slots=True)
class _Batch:
    claims: Sequence[Claim]
    future: "Future[Sequence[FilmOutcome]]"
    submitted_at: float
    started_at: float | None = None

    def age_s(self, now: float) -> float:
        """Time since the engine began, or since it was asked to."""
        if self.started_at is None and self.future.running():
            self.started_at = now
        return now - (self.submitted_at if self.started_at is None else self.started_at)


class Worker:
    """Works on the ANALYSE queue until it is asked to stop.

    Parameters
    ----------
    engine
        Where batches run.
    process
        Gives what runs there, anew for each turn: the models may have changed.
    serves
        Gives the digest of the bundle that is at work, see `storage.queue.claim_films`; empty: of none.
    give_up
        Ends a call that outstayed its time; engines that cannot do that just lose a thread.
    """

    def __init__(
        self,
        engine: Executor,
        process: Callable[[], ProcessBatch],
        concluder: Concluder,
        settings: WorkerSettings,
        *,
        serves: Callable[[], str] = str,
        give_up: "Callable[[Future[Any]], None] | None" = None,
    ) -> None:
        self._engine = engine
        self._process = process
        self._concluder = concluder
        self._ledger: Ledger = concluder.ledger
        self._settings = settings
        self._serves = serves
        self._give_up = give_up or (lambda future: None)
        self._batches: list[_Batch] = []
        self._extend_at = 0.0

    def run(self, bell: Doorbell, drain: Drain) -> None:
        """Work until the wish to stop, then finish or hand back what is open.

        Parameters
        ----------
        bell
            Rung when there are new jobs; it is also rung here when a batch is done.
        """
        released = release_owned(self._ledger, self._settings.owner)
        _log.info("worker started", owner=self._settings.owner, released=released)
        while not drain.requested:
            bell.wait(self._turn(bell), drain)
        self._drain(bell)
        _log.info("worker stopped", owner=self._settings.owner)

    def _turn(self, bell: Doorbell) -> float:
        """Do everything that can be done now; return how long to wait for a ring."""
        try:
            self._tend()
            process = self._process()
            while len(self._batches) < self._settings.in_flight and self._take(process, bell):
                pass
        except StorageFailed as error:
            _log.error("ledger refuses, trying again", error=str(error))
            return _LEDGER_PAUSE_S
        return min(self._settings.poll_s, self._settings.lease.total_seconds() / 3)

    def _take(self, process: ProcessBatch, bell: Doorbell) -> bool:
        """Claim a batch and hand it to the engine; False when nothing is due."""
        settings, serves = self._settings, self._serves()
        claims = claim_films(self._ledger, settings.batch, serves, lease=settings.lease, owner=settings.owner)
        if not claims:
            return False
        selected = select_films(self._ledger, claims, serves)
        if not selected:
            return True
        future = self._engine.submit(process, [film for _, film in selected])
        self._batches.append(_Batch([held for held, _ in selected], future, monotonic()))
        future.add_done_callback(lambda _done: bell.ring())
        return True

    def _tend(self) -> None:
        """Conclude what is done, end what takes too long, keep the rest leased."""
        now = monotonic()
        for batch in list(self._batches):
            if batch.future.done():
                self._conclude(batch)
            elif batch.age_s(now) > self._settings.batch_timeout_s:
                self._end(batch)
            else:
                continue
            self._batches.remove(batch)
        if self._batches and now >= self._extend_at:
            held = [held for batch in self._batches for held in batch.claims]
            extend(self._ledger, held, self._settings.lease)
            self._extend_at = now + self._settings.lease.total_seconds() / 3

    def _conclude(self, batch: _Batch) -> None:
        """Write what became of a batch; a failure of the whole is a failure of each film."""
        for held, outcome in zip(batch.claims, _outcomes(batch), strict=True):
            try:
                self._conclude_film(held, outcome)
            except StorageFailed:
                raise  # all is written again when the ledger answers; what is written already is fenced
            except Exception as error:  # noqa: BLE001 - the job boundary: one film must not stop the worker
                self._concluder.fail(held, FilmFailure(Failure.PASSING, describe_exception(error)))

    def _conclude_film(self, held: Claim, outcome: FilmOutcome) -> None:
        if isinstance(outcome, FilmFailure):
            self._concluder.fail(held, outcome)
        elif isinstance(outcome, KeptBack):
            self._concluder.keep_back(held, outcome)
        elif self._concluder.finish(held, outcome):
            _log.info("analysed", sop_instance_uid=held.key, outcome=outcome.record.outcome)

    def _end(self, batch: _Batch) -> None:
        """Give up a batch that outstayed its time; one that never began is handed back untried."""
        if batch.future.cancel():
            release(self._ledger, batch.claims)
            _log.warning("the engine does not begin", films=len(batch.claims))
            return
        self._give_up(batch.future)
        for held in batch.claims:
            self._concluder.fail(held, FilmFailure(Failure.PASSING, "the analysis took too long"))

    def _drain(self, bell: Doorbell) -> None:
        """Hand back what has not begun, finish what has, hand back what does not end in time."""
        deadline = monotonic() + self._settings.drain_timeout_s
        for batch in list(self._batches):
            if batch.future.cancel():
                release(self._ledger, batch.claims)
                self._batches.remove(batch)
        while self._batches and monotonic() < deadline:
            try:
                self._tend()
            except StorageFailed as error:
                _log.error("ledger refuses, trying again", error=str(error))
            if self._batches:
                bell.wait(min(1.0, deadline - monotonic()))
        for batch in self._batches:
            release(self._ledger, batch.claims)


def _outcomes(batch: _Batch) -> Sequence[FilmOutcome]:
    if batch.future.cancelled():
        return [FilmFailure(Failure.PASSING, "the engine was shut down")] * len(batch.claims)
    error = batch.future.exception()
    if error is None:
        return batch.future.result()
    return [FilmFailure(Failure.PASSING, describe_failure(error))] * len(batch.claims)
