"""Waiting for what other processes do, with a deadline instead of a fixed sleep."""

import time
from collections.abc import Callable


def wait_until(
    condition: Callable[[], bool], seconds: float, explain: Callable[[], str] = lambda: "it did not happen"
) -> None:
    """Look again and again until the condition holds; fail with the explanation at the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.1)
