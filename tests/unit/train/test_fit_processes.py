"""Training as real processes: killed at any step it ends alike, and two processes end with one network."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.training import main
from train.checkpoint import CHECKPOINT, HISTORY

pytest.importorskip("torch")
ROOT = Path(__file__).parents[3]
PROGRAM = "tests.support.training"


def _start(*command: str) -> "subprocess.Popen[bytes]":
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment)


def _kill_at(run: Path, writes: int) -> None:
    """Kill the training when its checkpoint has been replaced so many times since it started."""
    process, seen, before = _start("-m", PROGRAM, str(run)), 0, _version(run)
    while seen < writes:
        assert process.poll() is None, "the training ended before it was killed"
        now = _version(run)
        seen, before = seen + (now != before), now
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def _version(run: Path) -> int:
    try:
        return (run / CHECKPOINT).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@pytest.mark.slow
def test_sigkill_at_two_steps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.fit._SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    main(undisturbed)
    _kill_at(killed, 3)
    _kill_at(killed, 7)

    assert _start("-m", PROGRAM, str(killed)).wait() == 0

    for name in ("final-0.txt", "best.safetensors"):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes(), name
    assert (killed / HISTORY).exists()


@pytest.mark.slow
def test_two_processes_share_every_batch_and_end_with_the_same_weights(tmp_path: Path) -> None:
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")

    assert _start(*torchrun, "-m", PROGRAM, str(tmp_path)).wait() == 0

    first, second = ((tmp_path / f"final-{rank}.txt").read_text(encoding="utf-8") for rank in (0, 1))
    assert first == second
    main(tmp_path / "alone")
    alone = (tmp_path / "alone" / "final-0.txt").read_text(encoding="utf-8")
    assert first != alone, "each process trained on every film by itself"
