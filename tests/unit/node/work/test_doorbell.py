"""The bell between processes."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from node.processes.lifetime import Drain
from node.work.doorbell import Doorbell, ring


def test_a_ring_before_the_wait_is_not_lost(tmp_path: Path) -> None:
    with Doorbell(tmp_path, "analyse") as bell:
        ring(tmp_path, "analyse")

        assert bell.wait(0)
        assert not bell.wait(0)


def test_many_rings_are_one_and_never_block(tmp_path: Path) -> None:
    with Doorbell(tmp_path, "analyse") as bell:
        for _ in range(100_000):
            bell.ring()

        while bell.wait(0):
            pass
        assert not bell.wait(0.01)


def test_bells_have_names(tmp_path: Path) -> None:
    with Doorbell(tmp_path, "analyse") as analyse, Doorbell(tmp_path, "deliver.pacs") as deliver:
        ring(tmp_path, "deliver.pacs")

        assert not analyse.wait(0)
        assert deliver.wait(0)


def test_ringing_where_nobody_waits_does_nothing(tmp_path: Path) -> None:
    ring(tmp_path, "analyse")
    Doorbell(tmp_path, "analyse").close()
    ring(tmp_path, "analyse")


def test_another_process_wakes_the_waiter(tmp_path: Path) -> None:
    code = "from pathlib import Path; from node.work.doorbell import ring; ring(Path.cwd(), 'x')"
    with Doorbell(tmp_path, "x") as bell:
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)

        assert bell.wait(0)


def test_the_wish_to_stop_ends_the_wait(tmp_path: Path) -> None:
    drain = Drain()
    with Doorbell(tmp_path, "x") as bell:
        threading.Timer(0.05, drain.request).start()
        started = time.monotonic()

        assert not bell.wait(30, drain)
        assert time.monotonic() - started < 10


def test_without_named_pipes_the_bell_still_rings_in_its_own_process(tmp_path: Path) -> None:
    (tmp_path / "bells").write_text("a file where the folder should be")
    with Doorbell(tmp_path, "x") as bell:
        ring(tmp_path, "x")
        assert not bell.wait(0)
        bell.ring()
        assert bell.wait(0)


def test_a_bell_that_is_closed_may_be_rung(tmp_path: Path) -> None:
    bell = Doorbell(tmp_path, "x")
    bell.close()
    bell.ring()
