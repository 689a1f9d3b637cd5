"""Hear what libjpeg says inside GDCM: it reports damage on standard error alone, and returns grey rows."""

import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_STANDARD_ERROR = 2
_ONE_AT_A_TIME = threading.Lock()
_OF_NO_MEANING = ("Unsupported JPEG data precision", "Invalid SOS parameters for sequential JPEG")
"""GDCM tries its 8-bit library first, whatever the depth."""
_DAMAGE = ("Corrupt JPEG data", "Premature end of", "premature end of", "Inconsistent progression")

_log = logging.getLogger(__name__)


@contextmanager
def heard_messages() -> Iterator[list[str]]:
    """Collect the lines that native code writes to standard error while the block runs.

    Yields
    ------
    list of str
        Filled when the block ends.

    Notes
    -----
    Takes file descriptor 2 of the whole process for the time of the block, one thread at a time; a process
    without standard error decodes unheard.
    """
    lines: list[str] = []
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as messages:
        try:
            standard_error = os.dup(_STANDARD_ERROR)
        except OSError:
            yield lines
            return
        os.dup2(messages.fileno(), _STANDARD_ERROR)
        try:
            yield lines
        finally:
            os.dup2(standard_error, _STANDARD_ERROR)
            os.close(standard_error)
            messages.seek(0)
            lines.extend(_meaningful(messages.read(16384).decode("utf-8", "replace")))


def _meaningful(written: str) -> Iterator[str]:
    for line in written.splitlines():
        if line.strip() and not line.startswith(_OF_NO_MEANING):
            yield line.strip()


def damage_in(lines: Sequence[str]) -> list[str]:
    """Return the lines that report a damaged frame; any others go to the log."""
    damage = [line for line in lines if any(sign in line for sign in _DAMAGE)]
    for line in lines:
        if line not in damage:
            _log.warning("written to standard error during decoding: %s", line)
    return damage
