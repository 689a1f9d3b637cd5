"""One thing done to many files: several at a time, shown as it goes on, refusals kept beside the results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from train.errors import UnusableIndex

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Rejection:
    """What is not used, and why.

    Attributes
    ----------
    what
        Path below the folder of films, or line of a table.
    """

    what: str
    reason: str


def each(
    doing: str,
    function: Callable[[_Item], _Result],
    items: Sequence[_Item],
    *,
    name: Callable[[_Item], str],
    console: Console,
) -> tuple[list[tuple[_Item, _Result]], list[Rejection]]:
    """Apply a function to items in threads (decoders let go of the interpreter), in order.

    Parameters
    ----------
    doing
        Shown beside the progress bar.
    function
        Raises `UnusableIndex` for an item that is to be left out.
    name
        What to call an item that is left out.

    Returns
    -------
    tuple
        Items with their results, and the refusals, both in the order of the items.
    """

    def attempt(item: _Item) -> _Result | Rejection:
        try:
            return function(item)
        except UnusableIndex as error:
            return Rejection(name(item), str(error))

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        answers = _watched(pool.map(attempt, items), len(items), doing, console)
        pairs = list(zip(items, answers, strict=True))
    finally:
        pool.shutdown(cancel_futures=True)  # whoever interrupts waits for the films at hand only
    kept = [(item, answer) for item, answer in pairs if not isinstance(answer, Rejection)]
    return kept, [answer for _, answer in pairs if isinstance(answer, Rejection)]


def _watched(answers: Iterable[_Result], total: int, doing: str, console: Console) -> Iterable[_Result]:
    return track(answers, doing, total, console=console, disable=not console.is_terminal)
