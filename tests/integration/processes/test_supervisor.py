"""The supervisor over real children."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.processes.lifetime import Drain
from node.processes.supervisor import CANNOT_START, RestartPolicy, Supervisor
from tests.support.waiting import wait_until

QUICK = RestartPolicy(first_delay_s=0.05, max_delay_s=0.2, kill_after_s=10)

CHILD = """
import os, sys, time
with open(sys.argv[1], "a") as log:
    print(os.getpid(), file=log, flush=True)
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + CHILD
NODE = """
import sys
from node.processes.lifetime import Drain, install_signals
from node.processes.supervisor import Supervisor
drain = Drain()
install_signals(drain)
child = '''
import os, sys
from node.processes.lifetime import Drain, follow_supervisor, install_signals
drain = Drain()
install_signals(drain)
follow_supervisor(drain, 0.5)
with open(sys.argv[1], "a") as log:
    print(os.getpid(), file=log, flush=True)
drain.wait()
'''
commands = {str(n): [sys.executable, "-c", child, sys.argv[1]] for n in range(2)}
sys.exit(Supervisor(commands, drain).run())
"""


LEAVES_ORPHAN = """
import os, subprocess, sys, time
orphan = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
with open(sys.argv[1], "a") as log:
    print(os.getpid(), orphan.pid, file=log, flush=True)
time.sleep(600)
"""
INIT = f"""
import sys
from node.processes.lifetime import Drain, install_signals
from node.processes.supervisor import RestartPolicy, Supervisor
drain = Drain()
install_signals(drain)
commands = {{"one": [sys.executable, "-c", '''{LEAVES_ORPHAN}''', sys.argv[1]]}}
sys.exit(Supervisor(commands, drain, RestartPolicy(first_delay_s=0.05), adopts_orphans=True).run())
"""


def pids(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@contextmanager
def supervised(*commands: list[str], policy: RestartPolicy = QUICK) -> Iterator[list[int]]:
    """Run a supervisor in a thread; its exit code is in the list at the end."""
    drain, codes = Drain(), list[int]()
    supervisor = Supervisor({str(n): command for n, command in enumerate(commands)}, drain, policy)
    thread = threading.Thread(target=lambda: codes.append(supervisor.run()))
    thread.start()
    try:
        yield codes
    finally:
        drain.request()
        thread.join(30)
        assert not thread.is_alive()


def test_a_killed_child_is_started_again_and_again(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    with supervised([sys.executable, "-c", CHILD, str(log)]) as codes:
        for round_ in range(1, 4):
            wait_until(lambda at_least=round_: len(pids(log)) >= at_least, 20)
            os.kill(pids(log)[-1], signal.SIGKILL)
        wait_until(lambda: len(pids(log)) == 4, 20)

    assert codes == [0]
    assert not any(is_alive(pid) for pid in pids(log))


def test_the_other_children_go_on_when_one_dies(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with supervised([sys.executable, "-c", CHILD, str(one)], [sys.executable, "-c", CHILD, str(other)]):
        wait_until(lambda: bool(pids(one) and pids(other)), 20)
        os.kill(pids(one)[0], signal.SIGKILL)
        wait_until(lambda: len(pids(one)) == 2, 20)

        assert len(pids(other)) == 1
        assert is_alive(pids(other)[0])


def test_a_service_that_cannot_start_ends_the_node(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    hopeless = [sys.executable, "-c", f"import sys; sys.exit({CANNOT_START})"]
    with supervised([sys.executable, "-c", CHILD, str(log)], hopeless) as codes:
        wait_until(lambda: codes == [CANNOT_START], 20)

    assert not any(is_alive(pid) for pid in pids(log))


def test_a_child_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    with supervised([sys.executable, "-c", STUBBORN, str(log)], policy=RestartPolicy(kill_after_s=0.3)):
        wait_until(lambda: bool(pids(log)), 20)

    assert not is_alive(pids(log)[0])


def test_what_killed_children_leave_behind_does_not_stay(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    supervisor = subprocess.Popen([sys.executable, "-c", INIT, str(log)])
    wait_until(lambda: len(pids(log)) == 2, 20)
    child, orphan = pids(log)

    os.kill(child, signal.SIGKILL)

    wait_until(lambda: len(pids(log)) == 4, 20)
    wait_until(lambda: not Path(f"/proc/{orphan}").exists(), 20)
    supervisor.terminate()
    assert supervisor.wait(20) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids(log))


def test_the_children_of_a_killed_supervisor_end(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    supervisor = subprocess.Popen([sys.executable, "-c", NODE, str(log)])
    wait_until(lambda: len(pids(log)) == 2, 20)

    supervisor.kill()
    supervisor.wait(10)

    wait_until(lambda: not any(is_alive(pid) for pid in pids(log)), 20)


def test_sigterm_stops_supervisor_and_children_with_success(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    supervisor = subprocess.Popen([sys.executable, "-c", NODE, str(log)])
    wait_until(lambda: len(pids(log)) == 2, 20)

    supervisor.terminate()

    assert supervisor.wait(20) == 0
    assert not any(is_alive(pid) for pid in pids(log))
