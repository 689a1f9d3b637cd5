"""Work that is done ahead of its use, in a thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Made = TypeVar("_Made")


def made_ahead(make: Callable[[int], _Made], numbers: range, depth: int) -> Iterator[_Made]:
    """Give ``make(number)`` for each number in order, while a thread makes the next ``depth`` ones.

    Parameters
    ----------
    depth
        0 makes each when it is asked for, in the caller's thread.

    Raises
    ------
    Exception
        Whatever ``make`` raised, when its turn comes.
    """
    if depth == 0:
        yield from map(make, numbers)
        return
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        waiting: deque[Future[_Made]] = deque()
        try:
            for number in numbers:
                waiting.append(thread.submit(make, number))
                if len(waiting) > depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            thread.shutdown(wait=False, cancel_futures=True)
