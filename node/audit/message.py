"""Audit messages as values, and their XML (PS3.15 A.5.1)."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from xml.etree import ElementTree

from node.audit.codes import CLASS_UID, NODE_ID, PATIENT_NUMBER, STUDY_UID, URI, Action, Code, Outcome

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_QUERY_BYTES = 1 << 16
"""Of an Identifier that are kept: enough for a thousand UIDs."""
_SYSTEM, _PERSON = "2", "1"
UNKNOWN = "unknown"
"""Stands where the schema asks for an identifier and there is none."""


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody or something that takes part in an event (Active Participant).

    Attributes
    ----------
    user_id
        Who it is: the user or the certificate's subject, else address or process number.
    user_name
        Name of a person.
    address
        IP address or host name; empty where there is none.
    """

    user_id: str
    is_requestor: bool
    roles: tuple[Code, ...] = ()
    ae_title: str = ""
    user_name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that an event is about (Participant Object).

    Attributes
    ----------
    name
        In words; left out where there is a query.
    query
        Encoded Identifier.
    details
        By type.
    instances
        How many of each SOP Class.
    """

    kind: Code
    object_id: str
    type_code: str = _SYSTEM
    role: str = ""
    name: str = ""
    query: bytes | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    instances: Mapping[str, int] = field(default_factory=dict)
    accession: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One event."""

    event: Code
    action: Action
    participants: tuple[Participant, ...]
    subjects: tuple[Subject, ...] = ()
    kinds: tuple[Code, ...] = ()
    outcome: Outcome = Outcome.SUCCESS
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuditSource:
    """Who reports events.

    Attributes
    ----------
    enterprise_site
        Name of the site; empty where there is none.
    """

    source_id: str
    enterprise_site: str = ""


def study(study_uid: str, instances: Mapping[str, int], accession: str = "") -> Subject:
    """Name a study, and how many objects of which SOP Class of it."""
    return Subject(STUDY_UID, study_uid, role="3", name=study_uid, instances=instances, accession=accession)


def patient(patient_id: str, name: str) -> Subject:
    """Name a patient."""
    return Subject(PATIENT_NUMBER, patient_id, _PERSON, "1", name)


def queried(sop_class_uid: str, identifier: bytes, transfer_syntax_uid: str) -> Subject:
    """Describe a query by its information model and its Identifier as it was received; a long one is cut."""
    details = {"TransferSyntax": transfer_syntax_uid}
    if len(identifier) > MOST_QUERY_BYTES:
        details["Cut"] = f"the first {MOST_QUERY_BYTES} of {len(identifier)} bytes"
    return Subject(CLASS_UID, sop_class_uid, role="3", query=identifier[:MOST_QUERY_BYTES], details=details)


def alert(node: str, description: str) -> Subject:
    """Name the node that an alert is about, and say what happened."""
    return Subject(NODE_ID, node, role="13", name=node, details={"Alert Description": description})


def audit_log(uri: str) -> Subject:
    """Name the audit trail itself."""
    return Subject(URI, uri, role="13", name="Security Audit Log")


def encode(message: Message, source: AuditSource, at: datetime | None = None) -> bytes:
    """Write a message as XML in UTF-8, on one line.

    Parameters
    ----------
    at
        When it happened, with its offset from UTC; None for now.
    """
    at = at or datetime.now(UTC)
    root = ElementTree.Element("AuditMessage")
    event = ElementTree.SubElement(
        root,
        "EventIdentification",
        EventActionCode=message.action,
        EventDateTime=at.isoformat(timespec="milliseconds"),
        EventOutcomeIndicator=message.outcome,
    )
    _code(event, "EventID", message.event)
    for kind in message.kinds:
        _code(event, "EventTypeCode", kind)
    if message.reason:
        ElementTree.SubElement(event, "EventOutcomeDescription").text = _clean(message.reason)
    for participant in message.participants:
        _participant(root, participant)
    named = {"AuditEnterpriseSiteID": source.enterprise_site, "AuditSourceID": source.source_id}
    reporter = ElementTree.SubElement(root, "AuditSourceIdentification", _filled(named))
    ElementTree.SubElement(reporter, "AuditSourceTypeCode", {"csd-code": "4"})
    for subject in message.subjects:
        _subject(root, subject)
    encoded: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return encoded.replace(b"\n", b"&#10;").replace(b"\r", b"&#13;")


def _participant(root: ElementTree.Element, participant: Participant) -> None:
    named = {
        "UserID": participant.user_id or UNKNOWN,
        "AlternativeUserID": f"AETITLES={participant.ae_title}" if participant.ae_title else "",
        "UserName": participant.user_name,
        "UserIsRequestor": "true" if participant.is_requestor else "false",
        "NetworkAccessPointID": participant.address,
        "NetworkAccessPointTypeCode": _access_point(participant.address) if participant.address else "",
    }
    element = ElementTree.SubElement(root, "ActiveParticipant", _filled(named))
    for role in participant.roles:
        _code(element, "RoleIDCode", role)


def _subject(root: ElementTree.Element, subject: Subject) -> None:
    named = {
        "ParticipantObjectID": subject.object_id or UNKNOWN,
        "ParticipantObjectTypeCode": subject.type_code,
        "ParticipantObjectTypeCodeRole": subject.role,
    }
    element = ElementTree.SubElement(root, "ParticipantObjectIdentification", _filled(named))
    _code(element, "ParticipantObjectIDTypeCode", subject.kind)
    if subject.query is None:
        # The schema asks for the element; a patient without a name has an empty one.
        ElementTree.SubElement(element, "ParticipantObjectName").text = _clean(subject.name)
    else:
        ElementTree.SubElement(element, "ParticipantObjectQuery").text = b64encode(subject.query).decode()
    for kind, value in subject.details.items():
        encoded = b64encode(value.encode()).decode()
        ElementTree.SubElement(element, "ParticipantObjectDetail", type=kind, value=encoded)
    if subject.instances or subject.accession:
        _description(element, subject)


def _description(element: ElementTree.Element, subject: Subject) -> None:
    description = ElementTree.SubElement(element, "ParticipantObjectDescription")
    if subject.accession:
        ElementTree.SubElement(description, "Accession", Number=_clean(subject.accession))
    for uid, count in sorted(subject.instances.items()):
        ElementTree.SubElement(description, "SOPClass", UID=_clean(uid), NumberOfInstances=str(count))


def _code(parent: ElementTree.Element, name: str, code: Code) -> None:
    attributes = {
        "csd-code": code.value,
        "codeSystemName": code.system,
        "displayName": code.meaning,
        "originalText": code.meaning,
    }
    ElementTree.SubElement(parent, name, attributes)


def _access_point(address: str) -> str:
    """Give the type of a network access point: 2 for an IP address, 1 for a name."""
    try:
        ip_address(address.partition("%")[0])
    except ValueError:
        return "1"
    return "2"


def _filled(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: _clean(value) for name, value in attributes.items() if value}


def _clean(text: str) -> str:
    """Take out what XML cannot hold; peers choose the text."""
    return _NOT_IN_XML.sub("\ufffd", text)
