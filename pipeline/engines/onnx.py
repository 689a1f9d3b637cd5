"""The CPU engine: ONNX Runtime over a bundle's graph, whose weights lie in the safetensors file beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BundleError, EngineFailure


class OnnxEngine:
    """Runs a graph on the CPU in float32.

    Parameters
    ----------
    graph
        ONNX file; its external data lies in the same folder.
    threads
        For one run; 0 lets ONNX Runtime take one a core.

    Raises
    ------
    BundleError
        If the graph cannot be loaded.
    """

    device = "cpu"

    def __init__(self, graph: Path, *, threads: int = 0) -> None:
        onnxruntime = _onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except _refusals() as error:
            raise BundleError(f"{graph.name} cannot be loaded by ONNX Runtime: {error}") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run film by film: on a CPU a batch is no faster and needs more memory."""
        try:
            outputs = [self._session.run(None, {self._input: batch[i : i + 1]})[0] for i in range(len(batch))]
        except _refusals() as error:
            raise EngineFailure(f"ONNX Runtime refused the input: {error}") from error
        if not outputs:
            return np.zeros((0, 1), np.float32)
        return np.concatenate(outputs).astype(np.float32, copy=False)


def _onnxruntime() -> Any:
    """Import ONNX Runtime, which reports each use to its maker unless it is told not to before the import."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


def _refusals() -> tuple[type[Exception], ...]:
    """List what ONNX Runtime raises; its exceptions have no common base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NotImplemented")
    return tuple(getattr(state, name) for name in (*names, "RuntimeException", "EPFail", "NoModel"))
