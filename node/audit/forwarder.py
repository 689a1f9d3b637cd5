"""Forwards the audit trail to the audit repository: the files are the queue, a position in them the state.

A message is sent at least once: what the repository's machine has not acknowledged is sent again after a
failure or a restart, so that a message may come twice, and none is left out.
"""

import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from node.audit.syslog import Transport, frame
from node.audit.trail import AuditTrail
from node.errors import AuditFailed
from node.log import EventLog
from node.processes.lifetime import Drain

_BATCH_BYTES = 1 << 20
_LOOK_S = 1.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_STATE = "forwarded.json"

_log = EventLog("audit")


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where the trail is forwarded: a file's name and a place in it, bytes."""

    file: str = ""
    offset: int = 0


def position_in(folder: Path) -> Position:
    """Tell up to where the trail in a folder is forwarded; the beginning where that is not known."""
    try:
        state = json.loads((folder / _STATE).read_text(encoding="ascii"))
        return Position(str(state["file"]), int(state["offset"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Position()


class Forwarder:
    """Sends what is new in a trail, in the order in which it was written."""

    def __init__(self, trail: AuditTrail, transport: Transport, host: str) -> None:
        self._trail = trail
        self._transport = transport
        self._host = host
        self._failures = 0

    def run(self, drain: Drain) -> None:
        """Forward until the wish to stop; what is left goes after the next start."""
        while not drain.wait(self._turn()):
            pass
        self._transport.close()

    def forward(self) -> int:
        """Send the next messages.

        Returns
        -------
        int
            How many were sent; 0 when the repository has everything.

        Raises
        ------
        AuditFailed
            If the repository cannot be reached, or the trail cannot be read.
        """
        try:
            position = self.position()
            lines, after = self._read(position)
            if lines:
                self._transport.send([frame(line, self._host) for line in lines])
            if after != position:
                self._keep(after)
        except OSError as error:
            raise AuditFailed(f"the audit trail cannot be read: {error}") from error
        return len(lines)

    def position(self) -> Position:
        """Tell up to where the trail is forwarded."""
        return position_in(self._trail.folder)

    @property
    def _state(self) -> Path:
        return self._trail.folder / _STATE

    def _turn(self) -> float:
        """Forward once; give the pause until the next time, seconds."""
        try:
            sent = self.forward()
        except AuditFailed as error:
            self._failures += 1
            if self._failures == 1:
                _log.error("audit messages are not forwarded; they wait in their files", reason=str(error))
            return float(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (self._failures - 1)))
        if self._failures:
            _log.info("audit messages are forwarded again")
        self._failures = 0
        return 0.0 if sent else _LOOK_S

    def _read(self, position: Position) -> tuple[list[bytes], Position]:
        """Read whole lines from a position on, and give the position after them."""
        files = [file for file in self._trail.files() if file.name >= position.file]
        for number, file in enumerate(files):
            offset = position.offset if file.name == position.file else 0
            is_last = number == len(files) - 1
            with file.open("rb") as opened:
                opened.seek(offset)
                lines = _whole_lines(opened.read, is_last=is_last)
            if lines or is_last:
                after = Position(file.name, offset + sum(map(len, lines)))
                return [line.strip() for line in lines if line.strip()], after
        return [], position

    def _keep(self, position: Position) -> None:
        """Replace the state in one step, so that it is the old or the new one whatever happens."""
        descriptor, path = tempfile.mkstemp(dir=self._trail.folder, prefix=f".{_STATE}.")
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"file": position.file, "offset": position.offset}, file)
            file.flush()
            os.fsync(file.fileno())
        Path(path).replace(self._state)


def _whole_lines(read: Callable[[int], bytes], *, is_last: bool) -> list[bytes]:
    """Read about a batch of lines; an unfinished one only where nobody will finish it."""
    data = read(_BATCH_BYTES)
    while data and b"\n" not in data and (more := read(_BATCH_BYTES)):
        data += more
    lines = data.splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n") and (is_last or len(data) >= _BATCH_BYTES):
        lines.pop()
    return lines
