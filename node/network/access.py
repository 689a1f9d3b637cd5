"""Who may open an association, and which services it may use there."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Literal

from node.config.schema import AccessConfig, PeerConfig
from node.log import EventLog

Service = Literal["echo", "store", "query"]

_log = EventLog("access")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    source: int
    reason: int
    text: str


CALLED_UNKNOWN = Rejection(1, 1, 7, "called AE title not recognised")
CALLING_UNKNOWN = Rejection(1, 1, 3, "calling AE title not recognised")
LIMIT_REACHED = Rejection(2, 3, 2, "local limit of associations reached")


class AccessList:
    """Answers who may do what, from the configuration alone."""

    def __init__(self, config: AccessConfig, ae_title: str) -> None:
        self._config = config
        self._ae_title = ae_title

    def services(self, calling_ae_title: str, address: str) -> frozenset[Service]:
        """Give the services that a peer may use; empty for an unknown one."""
        allowed: set[Service] = set()
        for peer in self._config.peers:
            if _is_peer(peer, calling_ae_title, address):
                allowed.update(peer.services)
        return frozenset(allowed)

    def judge(self, called_ae_title: str, calling_ae_title: str, address: str) -> Rejection | None:
        """Decide on an association request; None lets it in.

        An address outside a peer's list is answered as an unknown calling AE title: the caller learns
        nothing about the list.
        """
        if self._config.check_called_ae_title and called_ae_title.strip() != self._ae_title:
            return CALLED_UNKNOWN
        if not self.services(calling_ae_title, address):
            return CALLING_UNKNOWN
        return None


def _is_peer(peer: PeerConfig, calling_ae_title: str, address: str) -> bool:
    if peer.ae_title not in ("*", calling_ae_title.strip()):
        return False
    if not peer.addresses:
        return True
    caller = ip_address(address.partition("%")[0])
    if isinstance(caller, IPv6Address) and caller.ipv4_mapped is not None:
        caller = caller.ipv4_mapped
    return any(caller in network for network in peer.addresses)


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of an association."""

    calling_ae_title: str
    called_ae_title: str
    address: str


def caller_of(association: Any) -> Caller:
    """Name the requestor of an association that this node accepted or is asked to accept."""
    request = association.requestor.primitive
    return Caller(
        calling_ae_title=str(request.calling_ae_title).strip(),
        called_ae_title=str(request.called_ae_title).strip(),
        address=association.requestor.address,
    )


class Gatekeeper:
    """Applies the access list and the limit of associations to each request (handler of EVT_REQUESTED)."""

    def __init__(self, access: AccessList, max_associations: int) -> None:
        self._access = access
        self._max_associations = max_associations

    def __call__(self, event: Any) -> None:
        """Reject the request, or let the negotiation go on."""
        association = event.assoc
        caller = caller_of(association)
        rejection = self._access.judge(caller.called_ae_title, caller.calling_ae_title, caller.address)
        if rejection is None and self._is_full(association):
            rejection = LIMIT_REACHED
        if rejection is None:
            return
        _log.warning(
            "association rejected",
            reason=rejection.text,
            calling_ae_title=caller.calling_ae_title,
            called_ae_title=caller.called_ae_title,
            address=caller.address,
        )
        association.acse.send_reject(rejection.result, rejection.source, rejection.reason)
        association.kill()

    def _is_full(self, association: Any) -> bool:
        """Whether as many others are established as may be; half-open connections do not count."""
        others = (other for other in association.ae.active_associations if other is not association)
        established = sum(1 for other in others if other.is_acceptor and other.is_established)
        return established >= self._max_associations
