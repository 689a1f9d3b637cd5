"""Who may call the node, from where, with which certificate, and for what."""

from ipaddress import ip_network
from typing import Literal, Self

from pydantic import model_validator

from node.config.section import Section
from node.config.types import Address, AETitle, CertificateName, File, Flag, Limit, Name


class PeerConfig(Section):
    """One system, or several of one kind, that may talk to the node."""

    name: Name
    """Name in logs."""
    ae_title: AETitle = "*"
    """Calling AE title; "*" stands for any."""
    addresses: tuple[Address, ...] = ()
    """Addresses and networks that this peer may call from; an empty list stands for any."""
    certificate: CertificateName | None = None
    """Certificate that the peer must show, which it can by TLS only: its common name, one of its alternative
    names, or its fingerprint; "*": any of the authorities. null: none is needed."""
    user: Literal["optional", "name", "passcode"] = "optional"
    """What the peer must say of its user (User Identity Negotiation). name: the name of a known user.
    passcode: name and passcode. optional: nothing; what it says must be true where access.users is set."""
    max_associations: Limit = 0
    """Associations that this peer may have open at one time; 0: only limits.max_associations bounds them."""
    services: tuple[Literal["echo", "store", "query", "retrieve", "commit"], ...] = (
        "echo",
        "store",
        "query",
        "retrieve",
    )
    """What this peer may do. echo alone: open an association, for C-ECHO and reports of storage commitment;
    store: C-STORE; query: C-FIND; retrieve: C-GET, and C-MOVE to any of the destinations; commit: ask for
    storage commitment, where commitment.offered is true."""


LOOPBACK = PeerConfig(name="loopback", addresses=(ip_network("127.0.0.0/8"), ip_network("::1/128")))


class AccessConfig(Section):
    """Who may open an association, and what for."""

    check_called_ae_title: Flag = True
    """Refuse associations that call another AE title than node.ae_title."""
    users: File | None = None
    """File of users and hashes of their passcodes, kept by "neolung users"; null: nobody looks at users."""
    peers: tuple[PeerConfig, ...] = (LOOPBACK,)
    """Systems that may call; by default any AE title, but only from this machine. Peers of destinations that
    report storage commitment on an association of their own must be listed too (service echo is enough)."""

    @model_validator(mode="after")
    def _users_can_be_known(self) -> Self:
        asking = [peer.name for peer in self.peers if peer.user != "optional"]
        if asking and self.users is None:
            raise ValueError(
                f"users is missing: {', '.join(asking)} must name a user whom a file there knows"
            )
        return self
