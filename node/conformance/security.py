"""Security: TLS, audit messages, de-identification."""

import inspect
import ssl
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from pydicom.datadict import keyword_for_tag

from node.audit.auditor import Auditor, Peer, StudyPart
from node.audit.message import AuditSource
from node.conformance.markdown import code, sentences, table
from node.export.marks import BASIC, CLEAN_PIXELS, OPTIONS
from node.export.profile import Treatment, profile
from node.network.tls import CIPHERS

_PEER = Peer("PEER", "192.0.2.1", is_requestor=True)
_STUDY = StudyPart("1.2.3", "I-1", "Invented^First", "A1", {"1.2.840.10008.5.1.4.1.1.1": 1})


def tls() -> str:
    """List the cipher suites of each profile."""
    rows = [(code(profile), _suites(wanted)) for profile, wanted in CIPHERS.items()]
    return table(("`tls.profile`", "cipher suites"), rows)


def _suites(wanted: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers(wanted)
    return ", ".join(sorted(cipher["name"] for cipher in context.get_ciphers()))


class _Recorder:
    """Takes the messages of an auditor."""

    def __init__(self) -> None:
        self.messages: list[ElementTree.Element] = []

    def append(self, message: bytes) -> None:
        """Parse one message."""
        self.messages.append(ElementTree.fromstring(message))


EVENTS: Mapping[str, Mapping[str, Any]] = {
    "application_started": {},
    "application_stopped": {},
    "transfer_begun": {"peer": _PEER, "part": _STUDY, "is_sent": False},
    "transferred": {"peer": _PEER, "part": _STUDY, "is_sent": False},
    "queried": {"peer": _PEER, "sop_class_uid": "1.2", "identifier": b"", "transfer_syntax_uid": "1.2"},
    "instances_accessed": {"peer": _PEER, "part": _STUDY},
    "exported": {"parts": [_STUDY], "media": "folder"},
    "peer_refused": {"peer": _PEER, "reason": "unknown"},
    "settings_changed": {"what": "users"},
    "software_changed": {"what": "bundle"},
    "user_authenticated": {"peer": _PEER},
    "log_used": {"folder": "/"},
}
"""The events that the node records, by the method of ``Auditor``, with invented arguments."""


def audit() -> str:
    """List the audit messages, read from messages that were made."""
    columns = ("event", "type", "action", "objects", "when")
    return table(columns, (_event(name, arguments) for name, arguments in EVENTS.items()))


def _event(name: str, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    recorder = _Recorder()
    auditor = Auditor(recorder, AuditSource("node"), "NEOLUNG", "192.0.2.2")
    getattr(auditor, name)(**arguments)
    (message,) = recorder.messages
    identification = message.find("EventIdentification")
    assert identification is not None
    return (
        _codes(identification, "EventID"),
        _codes(identification, "EventTypeCode"),
        _actions(name, identification),
        _codes(message, "ParticipantObjectIDTypeCode"),
        _when(name),
    )


def _when(name: str) -> str:
    sentence = (inspect.getdoc(getattr(Auditor, name)) or "").partition("\n")[0]
    return sentence.removeprefix("Record that ").removesuffix(".")


def _actions(name: str, identification: ElementTree.Element) -> str:
    # The same method records both ways.
    return "C in, R out" if name == "transferred" else identification.get("EventActionCode", "")


def _codes(element: ElementTree.Element, tag: str) -> str:
    return ", ".join(f"{each.get('csd-code')} {each.get('displayName')}" for each in element.iter(tag))


def deidentification() -> str:
    """List the profile and its options."""
    applied = [(each, "always") for each in (BASIC, *OPTIONS)]
    applied.append((CLEAN_PIXELS, "with `--black-borders`"))
    rows = [(each.value, each.scheme_designator, each.meaning, when) for each, when in applied]
    return table(("code", "scheme", "profile or option (PS3.15 E)", "applied"), rows)


def attributes() -> str:
    """List the attributes that an export keeps, by what becomes of their values."""
    kept: dict[Treatment, list[str]] = {}
    for tag, rule in profile().items():
        kept.setdefault(rule.treatment, []).append(keyword_for_tag(tag))
    rows = [(text, ", ".join(kept[treatment])) for treatment, text in sentences(Treatment)]
    return table(("what becomes of the value", "attributes"), rows)
