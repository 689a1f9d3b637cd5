"""Runs batches on a Ray cluster behind ``concurrent.futures.Executor`` (extra ``ray``).

One actor a GPU, or a core where there are none, keeps its models warm; Ray places the actors, notices dead
hosts and starts actors again. Ray loses what it holds when its head dies; the queue does not, so that costs a
pause only. All hosts need this package, the same Python and Ray versions, and the node's data folder at the
same path. Ray lets every client run any code: keep its network to yourself, and switch its token and TLS on.
"""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from functools import partial
from typing import Any, ParamSpec, TypeVar

import ray

from node.errors import StartRefused

P = ParamSpec("P")
T = TypeVar("T")

_ALWAYS = -1


class _Actor:
    """One warm process of the cluster."""

    def __init__(self, warm_up: Callable[[], object]) -> None:
        warm_up()

    def run(self, call: Callable[[], Any]) -> Any:
        return call()


class RayExecutor(Executor):
    """An executor over Ray actors.

    Parameters
    ----------
    address
        Of the cluster; None as Ray finds it, a local one at worst.
    actors
        How many; None for one a GPU, or one a core where the cluster has no GPU.

    Attributes
    ----------
    slots
        Number of actors.

    Raises
    ------
    StartRefused
        If the cluster cannot be reached.
    """

    def __init__(self, warm_up: Callable[[], object], *, address: str | None, actors: int | None) -> None:
        try:
            ray.init(address=address, log_to_driver=False, ignore_reinit_error=True)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise StartRefused(
                f"the Ray cluster at {address or 'the default address'} is not there"
            ) from error
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        self.slots = actors or gpus or max(1, int(resources.get("CPU", 1)))
        needs = {"num_gpus": 1} if gpus else {"num_cpus": 1}
        make = ray.remote(max_restarts=_ALWAYS, **needs)(_Actor)
        self._actors = [make.remote(warm_up) for _ in range(self.slots)]
        self._next = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Give a call to the next actor in turn."""
        actor = self._actors[self._next % self.slots]
        self._next += 1
        inner = actor.run.remote(partial(fn, *args, **kwargs)).future()
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        inner.add_done_callback(partial(_settle, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the cluster go; actors end with it."""
        ray.shutdown()


def _settle(future: "Future[T]", inner: "Future[T]") -> None:
    """Pass the outcome on; the death of an actor or its host is that of an engine process."""
    error = inner.exception()
    if error is None:
        future.set_result(inner.result())
    elif isinstance(error, ray.exceptions.RayTaskError):
        future.set_exception(error.cause)
    else:
        future.set_exception(BrokenExecutor(type(error).__name__))
