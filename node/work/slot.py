"""One seat of the executor: a pool of one spawned process, and what runs there now."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

_MAX_REST_S = 30.0


@dataclass(frozen=True, slots=True)
class Seat:
    """Where one process runs.

    Attributes
    ----------
    environment
        Variables set in the process before anything heavy is imported: device, thread counts.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Batch:
    """One call that somebody waits for."""

    future: "Future[Any]"
    call: Callable[[], Any]
    given_up: bool = False

    def begin(self) -> bool:
        """Mark the call as running; False when it was cancelled before."""
        return self.future.running() or self.future.set_running_or_notify_cancel()


class Slot:
    """A seat, the process on it, and the batch that runs there.

    Attributes
    ----------
    busy
        Whether something runs: a batch, or the warm-up when ``batch`` is None.
    ready_at
        Earliest time for a new process (``time.monotonic``).
    """

    def __init__(self, seat: Seat, warm_up: Callable[[], object]) -> None:
        self.batch: Batch | None = None
        self.busy = False
        self.ready_at = 0.0
        self._seat = seat
        self._warm_up = warm_up
        self._deaths = 0
        self._context = multiprocessing.get_context("spawn")
        self._pid = self._context.Value("i", 0)
        self._pool: ProcessPoolExecutor | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a process to run batches on."""
        return self._pool is not None

    def start(self) -> "Future[object]":
        """Start a process and let it warm up."""
        self._pid = self._context.Value("i", 0)
        initial = (self._pid, self._seat.environment)
        self._pool = ProcessPoolExecutor(1, mp_context=self._context, initializer=_enter, initargs=initial)
        self.busy = True
        return self._pool.submit(self._warm_up)

    def run(self, batch: Batch) -> "Future[Any]":
        """Start a batch.

        Raises
        ------
        BrokenExecutor
            If the process died while it was idle; the batch did not start.
        """
        assert self._pool is not None
        inner = self._pool.submit(batch.call)
        self.batch, self.busy = batch, True
        return inner

    def release(self, *, is_dead: bool) -> None:
        """Take note that what ran has ended: the slot is free, or needs a new process after a pause."""
        self.batch, self.busy = None, False
        if not is_dead:
            self._deaths = 0
            return
        self._pool = None
        self._deaths += 1
        # The first death is the batch's fault; a series of them is not cured by hurry.
        pause = 0.0 if self._deaths == 1 else min(_MAX_REST_S, 0.25 * 2.0**self._deaths)
        self.ready_at = monotonic() + pause

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        if self._pid.value:
            with suppress(ProcessLookupError):
                os.kill(self._pid.value, signal.SIGKILL)

    def close(self) -> None:
        """Let the process end; wait for an idle one, for Python stumbles at its exit over closing pools."""
        if self._pool is not None:
            self._pool.shutdown(wait=not self.busy, cancel_futures=True)


def _enter(pid: Any, environment: Mapping[str, str]) -> None:
    """Prepare a fresh process: its place, its end together with its parent, no reaction to Ctrl-C."""
    pid.value = os.getpid()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="parent watch", daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)
