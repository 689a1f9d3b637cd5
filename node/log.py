"""One line an event, for people or for machines: UIDs and AE titles, never patient data.

An event is a short sentence that never varies plus named fields that do::

    log = EventLog("receiver")
    log.info("instance stored", sop_instance_uid="1.2.3", seconds=0.012)
"""

import json
import logging
import os
import sys
import traceback
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

ROOT = "neolung"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;_-+/<>()[]*@%=")
_SHOWN_FRAMES = 3
_TRACKER = "resource_tracker"

Level = Literal["debug", "info", "warning", "error"]


class EventLog:
    """Writes the events of one part of the node."""

    __slots__ = ("_logger",)

    def __init__(self, part: str) -> None:
        self._logger = logging.getLogger(f"{ROOT}.{part}")

    def debug(self, what: str, **fields: Any) -> None:
        """Write an event that only a search for a fault needs."""
        self._write(logging.DEBUG, what, fields)

    def info(self, what: str, **fields: Any) -> None:
        """Write an event of ordinary work."""
        self._write(logging.INFO, what, fields)

    def warning(self, what: str, **fields: Any) -> None:
        """Write an event that an operator should know of."""
        self._write(logging.WARNING, what, fields)

    def error(self, what: str, **fields: Any) -> None:
        """Write an event that an operator must act on."""
        self._write(logging.ERROR, what, fields)

    def _write(self, level: int, what: str, fields: dict[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, what, extra={"fields": fields})


def describe_exception(error: BaseException) -> str:
    """Name an unexpected exception and where it came from, without its message.

    Messages of libraries quote the values they choke on, which may be patient data.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_SHOWN_FRAMES:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} at {where}" if where else type(error).__name__


class TextFormatter(logging.Formatter):
    """``2026-01-31T07:15:02.123Z info receiver: instance stored sop_instance_uid=1.2.3``."""

    def format(self, record: logging.LogRecord) -> str:
        """Put one event into one line."""
        fields = "".join(f" {name}={_quoted(value)}" for name, value in _fields(record).items())
        return f"{_at(record)} {record.levelname.lower()} {_part(record)}: {_one_line(record)}{fields}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with ``at``, ``level``, ``part``, ``what`` and the event's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Put one event into one line."""
        event = {
            "at": _at(record),
            "level": record.levelname.lower(),
            "part": _part(record),
            "what": _one_line(record),
        }
        return json.dumps(event | _fields(record), ensure_ascii=False, default=str)


def configure_logging(level: Level, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Send the node's events to a stream, and silence the libraries.

    Parameters
    ----------
    stream
        None for standard error.

    Notes
    -----
    pydicom and pynetdicom quote element values in their log lines and warnings; they are cut off.
    """
    handler = logging.StreamHandler(stream or _own_standard_error())
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logger = logging.getLogger(ROOT)
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False
    silence_libraries()


def _own_standard_error() -> TextIO:
    """Give standard error under a descriptor of its own.

    A decoder takes descriptor 2 of the process while it listens to what native code says of a film
    (``pipeline.codecs.libjpeg_messages``); lines of other threads must not get in there.
    """
    try:
        return os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1, encoding="utf-8", errors="replace")
    except (AttributeError, OSError, ValueError):  # none, or not a file
        return sys.stderr


def silence_libraries() -> None:
    """Keep the DICOM libraries from writing element values anywhere."""
    for name in ("pydicom", "pynetdicom"):
        library = logging.getLogger(name)
        library.handlers[:] = [logging.NullHandler()]
        library.propagate = False
        library.setLevel(logging.CRITICAL)
        warnings.filterwarnings("ignore", module=name)


def silence_resource_tracker() -> None:
    """Keep multiprocessing from warning of what a killed process left behind.

    It cleans that up all the same, and a node's processes may be killed at any time. The warnings come from a
    helper process, which gets its filters from the environment.
    """
    warnings.filterwarnings("ignore", _TRACKER, UserWarning)
    others = os.environ.get("PYTHONWARNINGS")
    ours = f"ignore:{_TRACKER}:UserWarning"
    os.environ["PYTHONWARNINGS"] = f"{others},{ours}" if others else ours


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    fields: dict[str, Any] = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value is not None}


def _at(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _part(record: logging.LogRecord) -> str:
    return record.name.removeprefix(f"{ROOT}.")


def _one_line(record: logging.LogRecord) -> str:
    return record.getMessage().replace("\n", " ")


def _quoted(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    return text if text and _PLAIN.issuperset(text) else json.dumps(text)
