"""Runs batches in processes of their own behind ``concurrent.futures.Executor``, one warm model each.

A batch that kills its process, or outstays its time, takes only itself along: every slot is a pool of one
process that runs one batch at a time; further batches wait in this process, and a dead process is replaced.
One thread owns all slots, so nothing here needs a lock.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from node.log import EventLog
from node.work.slot import Batch, Seat, Slot
from node.work.values import describe_warm_up

P = ParamSpec("P")
T = TypeVar("T")

_log = EventLog("executor")


class GivenUp(BrokenExecutor):
    """The batch outstayed its time and its process was killed."""


class SlotExecutor(Executor):
    """An executor over processes that are warmed up, watched and replaced.

    Parameters
    ----------
    seats
        One process each.
    warm_up
        Called first in every process; picklable. A process whose warm-up fails is replaced after a pause.

    Attributes
    ----------
    ready
        Done when a process is warm; failed, with the reason, when a warm-up raised before that.
    slots
        Number of processes.
    """

    def __init__(self, seats: Sequence[Seat], warm_up: Callable[[], object]) -> None:
        self.ready: Future[None] = Future()
        self.slots = len(seats)
        self._slots = [Slot(seat, warm_up) for seat in seats]
        self._waiting: deque[Batch] = deque()
        self._inbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="slots", daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Queue a call; it runs in the first free process."""
        if self._closing:
            raise RuntimeError("the executor is shut down")
        future: Future[T] = Future()
        self._inbox.put(partial(self._waiting.append, Batch(future, partial(fn, *args, **kwargs))))
        return future

    def give_up(self, future: "Future[Any]") -> None:
        """End a call that takes too long by killing its process; the future fails with `GivenUp`."""
        self._inbox.put(partial(self._give_up, future))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Stop after what was submitted; with ``cancel_futures`` kill what runs and cancel what waits."""
        self._closing = True
        self._inbox.put(self._abandon if cancel_futures else lambda: None)
        if wait:
            self._thread.join()

    def _run(self) -> None:
        while not self._is_finished():
            for slot in self._slots:
                self._tend(slot)
            with suppress(Empty):
                self._inbox.get(timeout=self._pause())()
        for slot in self._slots:
            slot.close()

    def _is_finished(self) -> bool:
        return (
            self._closing
            and self._inbox.empty()
            and not self._waiting
            and not any(slot.batch for slot in self._slots)
        )

    def _pause(self) -> float | None:
        """Return how long nothing can happen by itself: until an empty slot may have its next process."""
        resting = [slot.ready_at for slot in self._slots if not slot.busy and not slot.has_process]
        return max(0.0, min(resting) - monotonic()) if resting else None

    def _tend(self, slot: Slot) -> None:
        """Give a free slot what it needs: a process, or the next batch."""
        if slot.busy or monotonic() < slot.ready_at:
            return
        if not slot.has_process:
            if self._waiting or not self._closing:
                self._follow(slot, slot.start())
            return
        while self._waiting:
            batch = self._waiting.popleft()
            if batch.begin():
                self._start(slot, batch)
                return

    def _start(self, slot: Slot, batch: Batch) -> None:
        try:
            self._follow(slot, slot.run(batch))
        except BrokenExecutor:  # the process died while it was idle: nothing of the batch has run
            self._waiting.appendleft(batch)
            slot.release(is_dead=True)

    def _follow(self, slot: Slot, inner: "Future[Any]") -> None:
        inner.add_done_callback(lambda done: self._inbox.put(partial(self._settle, slot, done)))

    def _settle(self, slot: Slot, inner: "Future[Any]") -> None:
        error = inner.exception()
        is_dead = isinstance(error, BrokenExecutor)
        batch = slot.batch
        if batch is None:
            is_dead = error is not None
            self._note_warm_up(slot, error)
        elif error is None:
            batch.future.set_result(inner.result())
        else:
            batch.future.set_exception(GivenUp("the batch took too long") if batch.given_up else error)
        if is_dead and batch is not None:
            _log.warning("engine process died", given_up=batch.given_up)
        slot.release(is_dead=is_dead)

    def _note_warm_up(self, slot: Slot, error: BaseException | None) -> None:
        if error is not None:
            slot.kill()
            _log.error("engine process cannot warm up", reason=describe_warm_up(error))
        if self.ready.done() or isinstance(error, BrokenExecutor):
            return  # a killed process says nothing about the models: the next one is under way
        if error is None:
            self.ready.set_result(None)
        else:
            self.ready.set_exception(error)

    def _give_up(self, future: "Future[Any]") -> None:
        future.cancel()
        for slot in self._slots:
            if slot.batch is not None and slot.batch.future is future:
                slot.batch.given_up = True
                slot.kill()

    def _abandon(self) -> None:
        for batch in self._waiting:
            batch.future.cancel()
        self._waiting.clear()
        for slot in self._slots:
            if slot.busy:
                slot.kill()
