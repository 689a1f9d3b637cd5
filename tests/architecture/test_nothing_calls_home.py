"""A node in a hospital tells nobody but its own peers that it is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOAD = """
import time
from pipeline.bundle import reference_bundle
from pipeline.engines.onnx import OnnxEngine
OnnxEngine(reference_bundle() / "segmenter.onnx", threads=1)
time.sleep(0.5)
"""
SILENCING = {"CI", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME", "XDG_DATA_HOME"}
"""Variables that would keep ONNX Runtime silent, or its files elsewhere, without our doing."""


def test_onnx_runtime_makes_no_device_id_and_no_store_of_reports(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in SILENCING}

    subprocess.run(
        [sys.executable, "-c", LOAD], env=environment | {"HOME": str(tmp_path)}, cwd=ROOT, check=True
    )

    assert list(tmp_path.rglob("*")) == []


def test_onnx_runtime_is_imported_where_it_is_silenced_and_nowhere_else() -> None:
    sources = [
        path for part in ("node", "pipeline", "storage", "train") for path in (ROOT / part).rglob("*.py")
    ]
    importers = [
        str(path.relative_to(ROOT))
        for path in sources
        if re.search(r"^\s*(import|from) onnxruntime\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]

    assert importers == ["pipeline/engines/onnx.py"]
