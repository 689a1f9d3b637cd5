"""``neolung run``: starts the node's processes, starts again whichever dies, and stops them together.

A process that is killed loses nothing (leases and fenced writes see to that), so the remedy is always the
same: start it again. Only one that says by its exit code that it cannot start as configured ends the node.
"""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.log import EventLog
from node.processes.lifetime import SUPERVISOR_VARIABLE, Drain
from node.processes.orphans import adopt_orphans, outlast_orphans, reap_orphans

CANNOT_START = 78
"""Exit code of a service that would fail the same way again (EX_CONFIG of sysexits.h).

Said at its first start it ends the node, so that a wrong configuration is seen; later it counts as any death.
"""

_POLL_S = 0.1

_log = EventLog("supervisor")


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How quickly a dead process is started again.

    Attributes
    ----------
    first_delay_s, max_delay_s
        The pause doubles with each death in a row, seconds.
    healthy_after_s
        A process that ran this long starts the count afresh, seconds.
    kill_after_s
        How long a process may take to stop before it is killed, seconds.
    orphans_s
        How long their own children may take after that, seconds.
    """

    first_delay_s: float = 0.25
    max_delay_s: float = 15.0
    healthy_after_s: float = 10.0
    kill_after_s: float = 45.0
    orphans_s: float = 2.0


class _Service:
    """One child process, started again and again."""

    def __init__(self, name: str, command: Sequence[str], policy: RestartPolicy) -> None:
        self.name = name
        self._command = command
        self._policy = policy
        self._deaths = 0
        self._starts = 0
        self._started_at = 0.0
        self._start_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self, now: float) -> bool:
        """Start the process when it is time, notice its death; False when its first start was refused."""
        if self._process is None:
            if now >= self._start_at:
                self._start(now)
            return True
        code = self._process.poll()
        if code == CANNOT_START and self._starts == 1:
            return False
        if code is not None:
            self._note_death(code, now)
        return True

    def _start(self, now: float) -> None:
        environment = {**os.environ, SUPERVISOR_VARIABLE: str(os.getpid())}
        # A session of its own: Ctrl-C reaches the supervisor only, which then stops the services in order.
        self._process = subprocess.Popen(self._command, env=environment, start_new_session=True)
        self._started_at = now
        self._starts += 1
        _log.info("service started", service=self.name, pid=self._process.pid)

    def _note_death(self, code: int, now: float) -> None:
        lived_s = now - self._started_at
        self._deaths = 1 if lived_s >= self._policy.healthy_after_s else self._deaths + 1
        delay = min(self._policy.max_delay_s, self._policy.first_delay_s * 2.0 ** (self._deaths - 1))
        self._start_at = now + delay
        self._process = None
        _log.warning("service ended and is started again", service=self.name, exit_code=code, delay_s=delay)

    @property
    def pid(self) -> int:
        """Number of the running process, 0 without one."""
        return self._process.pid if self._process is not None else 0

    def terminate(self) -> None:
        """Ask the process to stop."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def join(self, deadline: float) -> None:
        """Wait for the process to stop; kill it at the deadline."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _log.warning("service did not stop in time and is killed", service=self.name)
            self._process.kill()
            self._process.wait()


class Supervisor:
    """Keeps a set of processes running until it is asked to stop.

    Parameters
    ----------
    commands
        Command line of each service by name, in the order of starting.
    adopts_orphans
        Whether this process takes over what its children leave behind; for a process of its own only.
    """

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        drain: Drain,
        policy: RestartPolicy | None = None,
        *,
        adopts_orphans: bool = False,
    ) -> None:
        self._policy = policy or RestartPolicy()
        self._drain = drain
        self._adopts_orphans = adopts_orphans
        self._services = [_Service(name, command, self._policy) for name, command in commands.items()]

    def run(self) -> int:
        """Run the services until stopped.

        Returns
        -------
        int
            0 when stopped on request, `CANNOT_START` when a service says that it cannot start.
        """
        if self._adopts_orphans:
            adopt_orphans()
        try:
            while not self._drain.requested:
                now = time.monotonic()
                if self._adopts_orphans:
                    reap_orphans({service.pid for service in self._services})
                for service in self._services:
                    if not service.tend(now):
                        _log.error("service cannot start; the node stops", service=service.name)
                        return CANNOT_START
                self._drain.wait(_POLL_S)
            return 0
        finally:
            self._stop()

    def _stop(self) -> None:
        for service in self._services:
            service.terminate()
        deadline = time.monotonic() + self._policy.kill_after_s
        for service in self._services:
            service.join(deadline)
        if self._adopts_orphans:
            outlast_orphans(self._policy.orphans_s)
