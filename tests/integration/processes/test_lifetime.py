"""Signals, locks and lost parents, with real processes."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from node.errors import AlreadyRunning
from node.processes.lifetime import Drain, hold_lock
from tests.support.waiting import wait_until

DRAINING = """
import sys, time
from node.processes.lifetime import Drain, install_signals
drain = Drain()
install_signals(drain)
print("up", flush=True)
drain.wait()
print("draining", flush=True)
time.sleep(float(sys.argv[1]))
"""

LOCKED = """
import sys, time
from pathlib import Path
from node.processes.lifetime import hold_lock
with hold_lock(Path(sys.argv[1]), "work"):
    print("up", flush=True)
    time.sleep(600)
"""

ORPHAN = """
import os, subprocess, sys
from node.processes.lifetime import SUPERVISOR_VARIABLE
child = '''
import os, time
from node.processes.lifetime import Drain, follow_supervisor
drain = Drain()
assert follow_supervisor(drain, 0.2)
print(os.getpid(), flush=True)
time.sleep(600)
'''
environment = {**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}
subprocess.Popen([sys.executable, "-c", child], env=environment).wait()
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command: Sequence[str] = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> int:
    if process.stdout is not None:
        process.stdout.close()
    return process.wait(30)


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_drains(signum: int) -> None:
    process = start(DRAINING, 0)
    assert line(process) == "up"

    process.send_signal(signum)

    assert line(process) == "draining"
    assert end(process) == 0


def test_the_second_signal_ends_at_once() -> None:
    process = start(DRAINING, 600)
    assert line(process) == "up"
    process.terminate()
    assert line(process) == "draining"

    process.terminate()

    assert end(process) == 128 + signal.SIGTERM


def test_a_lock_keeps_the_second_out_and_names_the_first(tmp_path: Path) -> None:
    process = start(LOCKED, tmp_path)
    assert line(process) == "up"
    try:
        with pytest.raises(AlreadyRunning, match=f"process {process.pid}"), hold_lock(tmp_path, "work"):
            pass
        with hold_lock(tmp_path, "serve"):
            pass
    finally:
        process.kill()
        end(process)


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    process = start(LOCKED, tmp_path)
    assert line(process) == "up"
    threading.Timer(0.2, process.kill).start()

    with hold_lock(tmp_path, "work", wait_s=20):
        pass

    end(process)


def test_a_process_ends_when_its_supervisor_is_killed() -> None:
    parent = start(ORPHAN)
    child = int(line(parent))

    parent.kill()

    wait_until(lambda: not is_alive(child), 10)
    end(parent)


def test_the_wish_to_stop_is_seen_by_every_waiter_and_for_ever() -> None:
    drain = Drain()
    seen: list[bool] = []
    waiters = [threading.Thread(target=lambda: seen.append(drain.wait(20))) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    drain.request()
    drain.request()
    for waiter in waiters:
        waiter.join(10)

    assert seen == [True, True, True]
    assert drain.wait(0)
    assert os.get_inheritable(drain.fileno()) is False
