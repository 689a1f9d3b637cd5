"""Reads an audit trail, and checks each message against the schema and the tables of PS3.15 A.5."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

Element = ElementTree.Element

_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)")
_CODE = {"csd-code", "codeSystemName", "displayName", "originalText"}
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True)
class Shape:
    """What an element may hold: attributes (needed, allowed), children in their order with least and most."""

    needed: frozenset[str]
    allowed: frozenset[str]
    children: Mapping[str, tuple[int, int]]


def _shape(needed: str = "", allowed: str = "", **children: tuple[int, int]) -> Shape:
    return Shape(frozenset(needed.split()), frozenset((needed + " " + allowed).split()), children)


_MANY = 1 << 30
_CODED = Shape(frozenset(_CODE), frozenset(_CODE), {})
SCHEMA = {
    "AuditMessage": _shape(
        EventIdentification=(1, 1),
        ActiveParticipant=(1, _MANY),
        AuditSourceIdentification=(1, 1),
        ParticipantObjectIdentification=(0, _MANY),
    ),
    "EventIdentification": _shape(
        "EventDateTime EventOutcomeIndicator",
        "EventActionCode",
        EventID=(1, 1),
        EventTypeCode=(0, _MANY),
        EventOutcomeDescription=(0, 1),
    ),
    "ActiveParticipant": _shape(
        "UserID UserIsRequestor",
        "AlternativeUserID UserName NetworkAccessPointID NetworkAccessPointTypeCode",
        RoleIDCode=(0, _MANY),
    ),
    "AuditSourceIdentification": _shape(
        "AuditSourceID", "AuditEnterpriseSiteID", AuditSourceTypeCode=(0, _MANY)
    ),
    "AuditSourceTypeCode": _shape("csd-code"),
    "ParticipantObjectIdentification": _shape(
        "ParticipantObjectID",
        "ParticipantObjectTypeCode ParticipantObjectTypeCodeRole ParticipantObjectDataLifeCycle",
        ParticipantObjectIDTypeCode=(1, 1),
        ParticipantObjectName=(0, 1),
        ParticipantObjectQuery=(0, 1),
        ParticipantObjectDetail=(0, _MANY),
        ParticipantObjectDescription=(0, _MANY),
    ),
    "ParticipantObjectDescription": _shape(
        MPPS=(0, _MANY), Accession=(0, _MANY), SOPClass=(0, _MANY), ParticipantObjectContainsStudy=(0, 1)
    ),
    "ParticipantObjectDetail": _shape("type value"),
    "Accession": _shape("Number"),
    "SOPClass": _shape("NumberOfInstances", "UID"),
    "EventID": _CODED,
    "EventTypeCode": _CODED,
    "RoleIDCode": _CODED,
    "ParticipantObjectIDTypeCode": _CODED,
    "ParticipantObjectName": _shape(),
    "ParticipantObjectQuery": _shape(),
    "EventOutcomeDescription": _shape(),
}

SOURCE, DESTINATION, APPLICATION = "110153", "110152", "110150"
STUDY, CLASS, PATIENT, URI, NODE = "110180", "110181", "2", "12", "110182"


@dataclass(frozen=True)
class Table:
    """One of the tables of A.5.3: action codes, type codes, roles that must be there, kinds of object."""

    actions: str
    types: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    least_participants: int = 1


TABLES = {
    "110100": Table("E", frozenset({"110120", "110121"}), (APPLICATION,)),
    "110101": Table("R", objects=(URI,)),
    "110102": Table("E", roles=(SOURCE, DESTINATION), objects=(STUDY, PATIENT), least_participants=2),
    "110103": Table("CRUD", objects=(STUDY, PATIENT)),
    "110104": Table("CRU", roles=(SOURCE, DESTINATION), objects=(STUDY, PATIENT), least_participants=2),
    "110106": Table("R", roles=("110154",), objects=(STUDY, PATIENT), least_participants=2),
    "110112": Table("E", roles=(SOURCE, DESTINATION), objects=(CLASS,), least_participants=2),
    "110113": Table("E", frozenset(map(str, range(110126, 110138))), objects=(NODE,)),
    "110114": Table("E", frozenset({"110122", "110123"})),
}


def read_trail(folder: Path) -> list[Element]:
    """Parse and check every message of a trail, from the oldest to the newest."""
    lines = [line for file in sorted(folder.glob("audit-*.xml")) for line in file.read_bytes().splitlines()]
    return [check(line) for line in lines]


def check(message: bytes) -> Element:
    """Make sure that a message is what the standard asks for, and give it."""
    assert b"\n" not in message
    root = ElementTree.fromstring(message.decode("utf-8"))
    problems = [*_misshapen(root), *_against_table(root)]
    assert not problems, f"{problems} in {message.decode()}"
    return root


def event_of(message: Element) -> str:
    """Give the code of the event."""
    return message.find("EventIdentification/EventID").get("csd-code")  # type: ignore[union-attr,return-value]


def objects_of(message: Element) -> dict[str, Element]:
    """Give the objects of a message by the kind of their identifier."""
    return {
        each.find("ParticipantObjectIDTypeCode").get("csd-code"): each  # type: ignore[union-attr,misc]
        for each in message.iter("ParticipantObjectIdentification")
    }


def _misshapen(element: Element) -> Iterator[str]:
    shape = SCHEMA.get(element.tag)
    if shape is None:
        yield f"{element.tag} is not in the schema"
        return
    names = set(element.keys())
    yield from (f"{element.tag} lacks {name}" for name in shape.needed - names)
    yield from (f"{element.tag} may not have {name}" for name in names - shape.allowed)
    tags = [child.tag for child in element]
    order = list(shape.children)
    yield from (f"{element.tag} may not hold {tag}" for tag in tags if tag not in order)
    if tags != sorted(tags, key=lambda tag: order.index(tag) if tag in order else -1):
        yield f"{element.tag} has its parts in the wrong order"
    for name, (least, most) in shape.children.items():
        if not least <= tags.count(name) <= most:
            yield f"{element.tag} has {tags.count(name)} of {name}"
    for child in element:
        yield from _misshapen(child)


def _against_table(root: Element) -> Iterator[str]:
    event = root.find("EventIdentification")
    if event is None or (code := event_of(root)) not in TABLES:
        yield "unknown event"
        return
    table = TABLES[code]
    if event.get("EventActionCode", "") not in tuple(table.actions):
        yield "wrong action"
    if not _AT.fullmatch(event.get("EventDateTime", "")):
        yield "time without offset or milliseconds"
    if event.get("EventOutcomeIndicator") not in ("0", "4", "8", "12"):
        yield "wrong outcome"
    types = {each.get("csd-code") for each in event.iter("EventTypeCode")}
    if not types <= table.types or (table.types and not types):
        yield f"wrong types {types}"
    yield from _participants(root, table)
    yield from _objects(root, table)


def _participants(root: Element, table: Table) -> Iterator[str]:
    participants = list(root.iter("ActiveParticipant"))
    if len(participants) < table.least_participants:
        yield "too few participants"
    roles = [role.get("csd-code") for each in participants for role in each.iter("RoleIDCode")]
    yield from (f"no participant has the role {role}" for role in table.roles if role not in roles)
    for each in participants:
        if each.get("UserIsRequestor") not in ("true", "false"):
            yield "UserIsRequestor is no boolean"
        point = each.get("NetworkAccessPointID"), each.get("NetworkAccessPointTypeCode")
        if (point[0] is None) != (point[1] is None):
            yield "access point without its type"


def _objects(root: Element, table: Table) -> Iterator[str]:
    found = list(root.iter("ParticipantObjectIdentification"))
    kinds = {each.find("ParticipantObjectIDTypeCode").get("csd-code") for each in found}  # type: ignore[union-attr]
    if kinds != set(table.objects):
        yield f"objects {kinds} instead of {table.objects}"
    for each in found:
        name, query = each.find("ParticipantObjectName"), each.find("ParticipantObjectQuery")
        if (name is None) == (query is None):
            yield "either a name or a query is needed"
        encoded = [detail.get("value", "") for detail in each.iter("ParticipantObjectDetail")]
        encoded += [query.text or ""] if query is not None else []
        yield from ("not base64" for text in encoded if not _is_base64(text))
        yield from ("no count" for each_class in each.iter("SOPClass") if not _count(each_class))


def _is_base64(text: str) -> bool:
    return bool(_BASE64.fullmatch(text)) and base64.b64encode(base64.b64decode(text)).decode() == text


def _count(sop_class: Element) -> bool:
    return sop_class.get("NumberOfInstances", "").isdecimal()
