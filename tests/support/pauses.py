"""Keeps Python's garbage collector from halting the tests for a second at a time.

A pytest plugin. In one process that has imported every library of the project, and that keeps a report of
each test, a full collection looks at more than a million objects. Servers and peers live in this process: in
such a pause nobody answers, and what is measured is the collector. What stays is therefore set aside.
"""

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def set_aside() -> None:
    """Leave to the collector only what comes after the tests of the last module."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Give everything back to the collector."""
    gc.unfreeze()
