"""``python -m tests.bench [NAME...]``: run the benchmarks, or those named, and print one table."""

import os
import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from node.printing import show_table
from tests.bench import films, ingest, queries, startup
from tests.bench.measuring import Figure

BENCHMARKS: dict[str, Callable[[Path], Iterable[Figure]]] = {
    "startup": startup.measure,
    "ingest": ingest.measure,
    "queries": queries.measure,
    "films": films.measure,
}


def main(names: list[str]) -> None:
    """Measure and print."""
    rows = [
        (name, figure.what, figure.text, figure.target, figure.verdict)
        for name in names or BENCHMARKS
        for figure in _measured(name)
    ]
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    show_table(f"{machine}, {when}", ("benchmark", "what", "measured", "target", ""), rows)


def _measured(name: str) -> Iterator[Figure]:
    with TemporaryDirectory(prefix="neolung-bench-") as folder:
        yield from BENCHMARKS[name](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
