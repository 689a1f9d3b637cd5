"""Reads the audit trail back, for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from node.audit.trail import AuditTrail

_OBJECT = "ParticipantObjectIdentification"
_OUTCOMES = {"0": "success", "4": "minor failure", "8": "serious failure", "12": "major failure"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the trail.

    Attributes
    ----------
    who
        The participants: user, AE title, address.
    what
        The objects: studies, patients, alerts.
    """

    at: str
    event: str
    outcome: str
    who: str
    what: str
    reason: str


def latest(trail: AuditTrail, limit: int) -> list[Entry]:
    """Give the last messages, the newest first; lines that a crash has torn are left out."""
    found: list[Entry] = []
    for line in _backwards(trail.files()):
        entry = _read(line)
        if entry is not None:
            found.append(entry)
        if len(found) == limit:
            break
    return found


def _backwards(files: list[Path]) -> Iterator[bytes]:
    for file in reversed(files):
        yield from reversed(file.read_bytes().splitlines())


def _read(line: bytes) -> Entry | None:
    try:
        root = ElementTree.fromstring(line)
    except ElementTree.ParseError:
        return None
    event = root.find("EventIdentification")
    if event is None:
        return None
    return Entry(
        at=event.get("EventDateTime", ""),
        event=", ".join(each.get("originalText", "") for each in event.iter() if "csd-code" in each.attrib),
        outcome=_OUTCOMES.get(event.get("EventOutcomeIndicator", ""), ""),
        who=", ".join(_person(each) for each in root.iter("ActiveParticipant")),
        what=", ".join(each.get("ParticipantObjectID", "") for each in root.iter(_OBJECT)),
        reason=event.findtext("EventOutcomeDescription") or "",
    )


def _person(participant: ElementTree.Element) -> str:
    title = participant.get("AlternativeUserID", "").removeprefix("AETITLES=")
    names = (participant.get("UserID", ""), title, participant.get("NetworkAccessPointID", ""))
    return " ".join(dict.fromkeys(filter(None, names)))
