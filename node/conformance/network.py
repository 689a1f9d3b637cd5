"""Associations: parameters, presentation contexts, extended negotiation, and who is turned away."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydicom.uid import UID
from pynetdicom._globals import APPLICATION_CONTEXT_NAME

from node.config.destinations import DestinationConfig
from node.config.schema import LimitsConfig
from node.conformance.markdown import code, name_of, table
from node.conformance.objects import created_classes
from node.network import access, contexts
from node.network.contexts import PLAIN_SYNTAXES, decodable_syntaxes, supported_contexts
from node.network.extended import SUPPORTED
from node.network.sizes import MOST_WAITING
from node.network.sockets import MAX_READ
from pipeline.codecs.table import CODEC_BY_TRANSFER_SYNTAX
from pipeline.results.equipment import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_OPTIONS = (
    "relational queries or retrieval",
    "combined date-time matching",
    "fuzzy matching of person names",
    "timezone adjustment",
    "enhanced multi-frame image conversion",
)
"""What the bytes of C-FIND stand for (PS3.4 C.5.1.1)."""
_RETRIEVE_OPTIONS = (_OPTIONS[0], _OPTIONS[4])
_GROUPS = {
    contexts.STORAGE_CLASSES: "every storage SOP Class of 1.2",
    contexts.IMAGE_CLASSES: "every image SOP Class of 1.2",
}
_PLAIN = "the two uncompressed"
_IMAGES = "every one of the table of transfer syntaxes"


def association_parameters() -> str:
    """Give what both sides of an association agree on, with the keys that change it."""
    limits, destination = "limits.", "destinations[]."
    rows = [
        ("Application Context Name", APPLICATION_CONTEXT_NAME, APPLICATION_CONTEXT_NAME),
        ("Implementation Class UID", IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_CLASS_UID),
        ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME, IMPLEMENTATION_VERSION_NAME),
        ("Largest PDU that is received", *_keys("max_pdu_bytes", limits, destination)),
        ("Longest PDU that is read", f"{MAX_READ} bytes", f"{MAX_READ} bytes"),
        (
            "Associations at one time",
            _key(LimitsConfig, "max_associations", limits),
            "one for each destination, C-MOVE and command",
        ),
        ("Asynchronous operations", f"1; {MOST_WAITING} requests may wait", "1"),
        ("Time for TCP to connect", "", _key(DestinationConfig, "connect_timeout_s", destination)),
        ("Time for association messages (ARTIM)", *_keys("acse_timeout_s", limits, destination)),
        ("Time for DIMSE messages", *_keys("dimse_timeout_s", limits, destination)),
        ("Silence on a connection", *_keys("network_timeout_s", limits, destination)),
    ]
    return table(("parameter", "as acceptor", "as requestor"), rows)


def _keys(name: str, limits: str, destination: str) -> tuple[str, str]:
    return _key(LimitsConfig, name, limits), _key(DestinationConfig, name, destination)


def _key(section: type[LimitsConfig] | type[DestinationConfig], name: str, prefix: str) -> str:
    return f"{section.model_fields[name].default} (`{prefix}{name}`)"


def transfer_syntaxes() -> str:
    """List the transfer syntaxes of images in the order in which the acceptor prefers them."""
    rows = [
        (number, name_of(uid), code(uid), _compression(uid))
        for number, uid in enumerate(decodable_syntaxes(), start=1)
    ]
    return table(("", "transfer syntax", "UID", "compression"), rows)


def _compression(uid: str) -> str:
    if UID(uid).is_deflated:
        return "lossless, of the whole Data Set"
    if not UID(uid).is_compressed:
        return "none"
    return "lossy" if CODEC_BY_TRANSFER_SYNTAX[UID(uid)].lossy else "lossless"


def accepted_contexts() -> str:
    """List the presentation contexts that are accepted."""
    return table(
        ("abstract syntax", "UID", "transfer syntaxes", "roles of the requestor"),
        (
            (
                name_of(str(context.abstract_syntax)),
                code(context.abstract_syntax),
                _PLAIN if tuple(context.transfer_syntax) == PLAIN_SYNTAXES else _IMAGES,
                "SCU, SCP" if context.scp_role else "SCU",
            )
            for context in supported_contexts(decodable_syntaxes())
        ),
    )


@dataclass(frozen=True, slots=True)
class Proposal:
    """The presentation contexts of one use of an association that the node opens.

    Attributes
    ----------
    syntaxes
        Transfer syntaxes of each context, in their order.
    roles
        What is negotiated beside SCU.
    """

    use: str
    sop_classes: Sequence[UID]
    syntaxes: Sequence[str] = PLAIN_SYNTAXES
    roles: str = ""
    remark: str = ""


def proposals() -> Iterator[Proposal]:
    """Give what the node proposes as requestor, use by use."""
    yield Proposal("Probe of a destination", (contexts.VERIFICATION,))
    remark = "only the SOP Classes of the objects at hand; one syntax with `destinations[].transfer_syntax`"
    yield Proposal("Results", created_classes(), remark=remark)
    remark = "only the SOP Classes of the objects at hand"
    yield Proposal("C-MOVE, `neolung send`", contexts.STORAGE_CLASSES, remark=remark)
    remark = "that of the object in a context of its own, beside one with the two uncompressed"
    every = decodable_syntaxes()
    yield Proposal("C-MOVE, `neolung send`: compressed objects", contexts.IMAGE_CLASSES, every, remark=remark)
    yield Proposal("Storage commitment", (contexts.COMMITMENT,), remark="the report may come here")
    remark = "as the report of storage commitment, when the association of the request is gone"
    yield Proposal("Report", (contexts.COMMITMENT,), roles="SCP", remark=remark)
    yield Proposal("`neolung query`, `neolung fetch`", contexts.FIND_MODELS)
    yield Proposal("`neolung fetch`: C-MOVE", (contexts.STUDY_ROOT_MOVE,))
    remark = "beside the objects' classes, each transfer syntax in a context of its own where 120 are enough"
    yield Proposal("`neolung fetch`: C-GET", (contexts.STUDY_ROOT_GET,), remark=remark)
    remark = "only the SOP Classes that the PACS said it holds"
    yield Proposal("`neolung fetch`: objects by C-GET", contexts.STORAGE_CLASSES, every, "SCP", remark)


def proposed_contexts() -> str:
    """List the presentation contexts that the node proposes."""
    rows = [
        (
            each.use,
            _GROUPS.get(tuple(each.sop_classes)) or ", ".join(map(name_of, each.sop_classes)),
            _PLAIN if tuple(each.syntaxes) == PLAIN_SYNTAXES else _IMAGES,
            each.roles or "SCU",
            each.remark,
        )
        for each in proposals()
    ]
    return table(("use", "abstract syntaxes", "transfer syntaxes", "role of the node", "remark"), rows)


def rejections() -> str:
    """List the reasons for which an association is rejected."""
    known = [value for value in vars(access).values() if isinstance(value, access.Rejection)]
    rows = [(each.text, each.result, each.source, each.reason) for each in known]
    return table(("when", "result", "source", "reason"), rows)


def extended_negotiation() -> str:
    """Tell which options of query and retrieve are answered with 1."""
    rows = [
        (name_of(model), number, option, "yes" if answer else "no")
        for model, answers in SUPPORTED.items()
        for number, (option, answer) in enumerate(zip(_options(answers), answers, strict=True), start=1)
    ]
    return table(("SOP Class", "byte", "option", "supported"), rows)


def _options(answers: bytes) -> Sequence[str]:
    return _OPTIONS if len(answers) == len(_OPTIONS) else _RETRIEVE_OPTIONS
