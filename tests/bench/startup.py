"""How long a person waits for the command line."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from storage.ledger import Ledger
from tests.bench.measuring import Figure, median_seconds

NEOLUNG = str(Path(sys.executable).with_name("neolung"))


def measure(folder: Path) -> Iterator[Figure]:
    """Time ``--help`` and ``status``."""
    yield Figure("neolung --help", _command("--help"), "s", at_most=0.15)
    (folder / "config.yaml").write_text("node:\n  data_dir: var\n", encoding="utf-8")
    (folder / "var").mkdir()
    Ledger.open(f"sqlite:///{folder / 'var' / 'ledger.sqlite'}").close()
    yield Figure(
        "neolung status", _command("status", "--config", str(folder / "config.yaml")), "s", at_most=0.5
    )


def _command(*arguments: str) -> float:
    return median_seconds(lambda: subprocess.run([NEOLUNG, *arguments], capture_output=True, check=True))
