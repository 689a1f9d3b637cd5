"""How figures are taken and shown."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside its target.

    Attributes
    ----------
    at_most, at_least
        The target; None where there is none.
    """

    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def text(self) -> str:
        """Value and unit."""
        return f"{self.value:.3g} {self.unit}"

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        """Whether the target was met here."""
        if self.at_most is None and self.at_least is None:
            return ""
        met = self.value <= self.at_most if self.at_most is not None else self.value >= (self.at_least or 0)
        return "met" if met else "MISSED"


def seconds(action: Callable[[], object]) -> float:
    """Give the wall-clock time of one call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median_seconds(action: Callable[[], object], times: int = 7) -> float:
    """Give the median wall-clock time of several calls, after one that does not count."""
    action()
    return statistics.median(seconds(action) for _ in range(times))
