"""Looks for test patients in every ordinary log that a test run writes; one found fails the run.

A pytest plugin. Logs are those of the nodes in this process and of the processes that tests start; patients
are those whom the tests' own films name, and whom the audit trails name, which is what they are for.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from node.audit.message import UNKNOWN
from node.log import EventLog

DEFAULT_PATIENTS = ("Invented^Newborn", "TEST-0001", "Newborn^Secret")
"""Those of tests.support.films, and the one that failing stores quote in their errors."""
_SHORTEST = 4
_PARTS = re.compile(r"[\^=\\,]")


class Watch:
    """What was logged, and who must not be named there."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}
        self._patients: set[str] = set(DEFAULT_PATIENTS)

    def note_log(self, text: str, where: str) -> None:
        """Keep what a log says, each line once."""
        for line in text.splitlines():
            self._lines.setdefault(line, where)

    def note_patients(self, names: Iterable[str]) -> None:
        """Keep names and identifiers of patients."""
        self._patients.update(names)

    def note_trail(self, folder: Path) -> None:
        """Keep whom the audit trail of a node names."""
        for file in folder.glob("audit-*.xml"):
            for line in file.read_bytes().splitlines():
                self.note_patients(_patients_of(ElementTree.fromstring(line)))

    def leaks(self) -> list[str]:
        """List the lines that name a patient, with the place they were written to."""
        words = sorted(_words(self._patients))
        if not words:
            return []
        pattern = re.compile(r"(?<!\w)(" + "|".join(map(re.escape, words)) + r")(?!\w)")
        found = ((line, where, pattern.search(line)) for line, where in self._lines.items())
        return [f"{where}: {match[1]!r} in: {line}" for line, where, match in found if match]


WATCH = Watch()


def _words(patients: Iterable[str]) -> set[str]:
    """Take names apart; what is too short to tell from anything else is left out."""
    parts = {part.strip() for patient in patients for part in (patient, *_PARTS.split(patient))}
    return {part for part in parts if len(part) >= _SHORTEST and not part.isdigit()}


def _patients_of(message: ElementTree.Element) -> Iterable[str]:
    for each in message.iter("ParticipantObjectIdentification"):
        if each.get("ParticipantObjectTypeCode") == "1":
            identifier = each.get("ParticipantObjectID", "")
            if identifier != UNKNOWN:
                yield identifier
            yield each.findtext("ParticipantObjectName") or ""


_write = EventLog._write


def _watched_write(self: EventLog, level: int, what: str, fields: dict[str, Any]) -> None:
    WATCH.note_log(f"{what} {' '.join(map(str, fields.values()))}", self._logger.name)
    _write(self, level, what, fields)


def pytest_configure() -> None:
    """Watch every event that is logged in this process, whatever becomes of it."""
    EventLog._write = _watched_write  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    """Stop watching."""
    EventLog._write = _write  # type: ignore[method-assign]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when a patient is named in a log."""
    if WATCH.leaks() and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say who is named where."""
    leaks = WATCH.leaks()
    if leaks:
        terminalreporter.section(f"PATIENTS IN LOGS: {len(leaks)} lines", sep="!", red=True)
        for leak in leaks[:20]:
            terminalreporter.write_line(leak)
