"""Keeps Python's garbage collector from halting the tests for a second at a time.

A pytest plugin. In one process that has imported every library of the project, and that keeps a report of each
test, a full collection looks at more than a million objects. Servers and peers live in this very process: in
such a pause nobody answers, and what is measured there is the collector. What stays is therefore set aside.
"""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def set_aside() -> Iterator[None]:
    """Leave to the collector only what came after the tests of the last module."""
    gc.collect()
    gc.freeze()
    yield
