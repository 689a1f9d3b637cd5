"""Several processes that `torchrun` started: which one speaks, and files that each may write."""

from __future__ import annotations

import os
from pathlib import Path


def is_main() -> bool:
    """Whether this process, of those that train together, speaks."""
    return os.environ.get("RANK", "0") == "0"


def partial_of(path: Path) -> Path:
    """Name a file beside another one, of this process alone, to be written and then put in its place."""
    return path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
