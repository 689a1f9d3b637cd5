"""Who may open an association, and which services it may use there."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Literal

from node.audit.auditor import Peer
from node.certificates import PeerCertificate, peer_certificate
from node.config.access import AccessConfig, PeerConfig

Service = Literal["echo", "store", "query", "retrieve", "commit"]


@dataclass(frozen=True, slots=True)
class Rejection:
    """Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    source: int
    reason: int
    text: str


CALLED_UNKNOWN = Rejection(1, 1, 7, "called AE title not recognised")
CALLING_UNKNOWN = Rejection(1, 1, 3, "calling AE title not recognised")
USER_UNKNOWN = Rejection(1, 2, 1, "user name or passcode not accepted")
LIMIT_REACHED = Rejection(2, 3, 2, "local limit of associations reached")


@dataclass(frozen=True, slots=True)
class User:
    """Who sits at the peer, by User Identity Negotiation (PS3.7 D.3.3.7).

    Attributes
    ----------
    is_proven
        Whether a passcode came with the name.
    """

    name: str
    is_proven: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of an association.

    Attributes
    ----------
    certificate
        What it showed in the TLS handshake; None without TLS or certificate.
    user
        None when the peer named nobody.
    """

    calling_ae_title: str
    called_ae_title: str
    address: str
    certificate: PeerCertificate | None = None
    user: User | None = None

    @property
    def as_peer(self) -> Peer:
        """Name the caller for the audit trail."""
        user = self.user.name if self.user else ""
        subject = self.certificate.subject if self.certificate else ""
        return Peer(self.calling_ae_title, self.address, True, user or subject, user)


class AccessList:
    """Answers who may do what, from the configuration alone."""

    def __init__(self, config: AccessConfig, ae_title: str) -> None:
        self._config = config
        self._ae_title = ae_title

    def peers(self, caller: Caller) -> list[PeerConfig]:
        """Give the entries of the list that a caller fits, but for its user."""
        return [peer for peer in self._config.peers if _is_peer(peer, caller)]

    def services(self, caller: Caller) -> frozenset[Service]:
        """Give the services that a caller may use; empty for an unknown one."""
        allowed: set[Service] = set()
        for peer in self.peers(caller):
            if _is_user(peer, caller.user):
                allowed.update(peer.services)
        return frozenset(allowed)

    def judge(self, caller: Caller) -> Rejection | None:
        """Decide on an association request; None lets it in.

        A wrong address or certificate is answered as an unknown calling AE title: the caller learns nothing
        about the list.
        """
        if self._config.check_called_ae_title and caller.called_ae_title != self._ae_title:
            return CALLED_UNKNOWN
        if not self.peers(caller):
            return CALLING_UNKNOWN
        return None if self.services(caller) else USER_UNKNOWN


def _is_peer(peer: PeerConfig, caller: Caller) -> bool:
    if peer.ae_title not in ("*", caller.calling_ae_title):
        return False
    if peer.certificate and not (caller.certificate and caller.certificate.is_called(peer.certificate)):
        return False
    if not peer.addresses:
        return True
    address = ip_address(caller.address.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in peer.addresses)


def _is_user(peer: PeerConfig, user: User | None) -> bool:
    if peer.user == "optional":
        return True
    return user is not None and (user.is_proven or peer.user == "name")


def caller_of(association: Any) -> Caller:
    """Name the requestor of an association that this node accepted or is asked to accept."""
    request = association.requestor.primitive
    identity = association.requestor.user_identity
    return Caller(
        calling_ae_title=str(request.calling_ae_title).strip(),
        called_ae_title=str(request.called_ae_title).strip(),
        address=association.requestor.address,
        certificate=peer_certificate(association.dul.socket.socket),
        user=_user(identity) if identity is not None else None,
    )


def _user(identity: Any) -> User | None:
    if identity.user_identity_type not in (1, 2):
        return None
    name = identity.primary_field.decode("utf-8", errors="replace")
    return User(name, is_proven=identity.user_identity_type == 2)
